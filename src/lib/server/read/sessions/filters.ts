/**
 * What sessions can be asked for, and the conditions for it in SQL. Two of them have an index to walk in the order of the
 * list (the shop, one status); all others are tried on each row, in one fixed form in which a filter that is not asked
 * for is null: so there are few statements, however filters are combined. The filters that ask another table are
 * scalar subqueries, which Postgres never turns into a join that would read all of that table. Types of events are compared
 * as an expression, or it would for each session look up all events of that type to find those of both.
 */
import { fault, NONE, partedWords, wordOf, type FilterValues, type QueryFault, type Range } from '../../../query';
import type { Sql } from '../../db/connect';
import { ENDED_WORDS, SESSION_MEASURES, SESSION_WORDS } from '../../projections/measures';
import { time, ofSession, type Fragment } from '../columns';
import { HIT_FILTERS, wasHit } from './hit';

export const SESSION_FILTERS = {
	/** A domain, or (none). */
	shop: 'text',
	/** in_progress, completed, abandoned, error, any other word; `ended` for all that are over; `-completed` for none of those. */
	status: 'words',
	/** What the range of time is about: started (the default), ended, hit by an error, or any time at all. */
	by: 'text',
	/** Where it is, or where it ended. */
	step: 'text',
	device: 'text',
	/** A part of the title, or the id. */
	product: 'text',
	/** Exactly this title, or this id where there is no title. */
	product_is: 'text',
	errors: 'flag',
	...HIT_FILTERS,
	/** AI cost above, in dollars. */
	cost_over: 'decimal',
	/** With an event of this type. */
	event: 'text',
	/** Where and why it was left, of sessions that ended otherwise than completed. */
	exit: 'text',
	reason: 'text',
	/** What the shopper did after it. */
	post_ar: 'text',
	cart: 'flag',
	/** The number of a step, from 1, that it reached, or did not reach. */
	reached: 'whole',
	not_reached: 'whole',
	/** A part of the session's id. */
	q: 'text'
} as const;

export type SessionFilters = FilterValues<typeof SESSION_FILTERS>;

/** Stands for every status of a session that is over. */
export const ENDED = 'ended';
const STEP_NUMBERS = [1, 2, 3, 4, 5] as const;

const TIMES = ['started', 'ended', 'hit', 'any'] as const;

/** A list of sessions: its filters, its time, and its order, which is that of the time. */
export interface SessionList {
	filters: SessionFilters;
	range: Range;
	by: (typeof TIMES)[number];
	/** The column of the order. */
	column: 'started_at' | 'ended_at';
}

/** The list that is asked for, or why there is no such list. */
export function sessionList(filters: SessionFilters, range: Range): SessionList | QueryFault {
	const by = TIMES.find((time) => time === (filters.by ?? 'started'));
	if (!by) return fault('by', '“by” must be started, ended, hit or any.');
	for (const name of ['reached', 'not_reached'] as const) {
		const number = filters[name];
		if (number !== null && (number < 1 || number > STEP_NUMBERS.length)) {
			return fault(name, `“${name}” must be the number of a step, from 1 to ${STEP_NUMBERS.length}.`);
		}
	}
	return { filters, range, by, column: by === 'ended' ? 'ended_at' : 'started_at' };
}

/** How the list is walked: by the sessions in progress, a shop, one status, or by time alone. */
export function walkOf({ filters: { shop, status }, by }: SessionList): 'active' | 'shop' | 'status' | 'time' {
	const only = status.length === 1 ? (partedWords(status).only[0] ?? null) : null;
	if (by === 'ended') return 'time';
	if (only === 'in_progress') return 'active';
	if (shop !== null) return 'shop';
	return only !== null && only !== ENDED ? 'status' : 'time';
}

/** A page may be watched while an event of a clock some ms ahead comes: "now" does not cut it off. */
const AHEAD_MS = 60_000;

/** The end of the range as rows are compared with it. */
export function endOf({ to, toText }: Range): number {
	return toText === 'now' ? to + AHEAD_MS : to;
}

/** The condition that an index answers. */
export function walked(sql: Sql, list: SessionList): Fragment {
	const { filters, range, by, column } = list;
	const name = sql(column);
	const inRange =
		by === 'any' || by === 'hit'
			? sql`true`
			: sql`${name} >= ${time(sql, range.from)} and ${name} < ${time(sql, endOf(range))}`;
	switch (walkOf(list)) {
		case 'active':
			return sql`status = 'in_progress' and ${inRange}`;
		case 'status':
			return sql`status = ${filters.status[0] ?? ''} and ${inRange}`;
		case 'shop':
			return filters.shop === NONE
				? sql`shop_domain is null and ${inRange}`
				: sql`shop_domain = ${filters.shop} and ${inRange}`;
		case 'time':
			return by === 'ended' ? sql`ended_at is not null and ${inRange}` : inRange;
	}
}

/** Are there conditions beside the one that an index answers? */
export function hasTried(list: SessionList): boolean {
	const { shop, status } = list.filters;
	const walk = walkOf(list);
	const everyEnded = list.by === 'ended' && status.length === 1 && status[0] === ENDED;
	return (
		hasOthers(list) ||
		(shop !== null && walk !== 'shop') ||
		(status.length > 0 && walk !== 'status' && walk !== 'active' && !everyEnded)
	);
}

/** Is anything asked beside shop and status? */
export function hasOthers({ filters, by }: SessionList): boolean {
	const plain = ['shop', 'status', 'by'];
	const isAsked = (value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== null);
	return by === 'hit' || Object.entries(filters).some(([name, value]) => isAsked(value) && !plain.includes(name));
}

/** The conditions that are tried on rows of a relation called `sessions`. */
export function tried(sql: Sql, list: SessionList): Fragment {
	const { filters: asked } = list;
	const { only, without } = partedWords(asked.status);
	const statuses = only.length > 0 ? only : null;
	const isWord = (value: string | null, expression: string) => {
		const word = value === null ? null : wordOf(value);
		return sql`(${word}::text is null or ${sql.unsafe(expression)} = ${word}::text)`;
	};
	const isTrue = (value: boolean | null, expression: string) =>
		sql`(${value}::boolean is null or (${sql.unsafe(expression)}) = ${value}::boolean)`;
	return sql`
		(${statuses}::text[] is null or status = any(${statuses}::text[])
			or (${only.includes(ENDED)}::boolean and status <> 'in_progress'))
		and status <> all(${without}::text[])
		and ${isWord(asked.shop, `coalesce(shop_domain, '')`)}
		and ${isWord(asked.step, `coalesce(abandonment_step, current_step, '')`)}
		and ${isWord(asked.device, SESSION_WORDS.device)}
		and (${asked.product}::text is null or product_id = ${asked.product}::text
			or strpos(lower(left(product_title, 255)), lower(${asked.product}::text)) > 0)
		and ${isWord(asked.product_is, SESSION_WORDS.product)}
		and ${isTrue(asked.errors, 'error_count > 0')}
		and (${asked.cost_over}::numeric is null or total_ai_cost > ${asked.cost_over}::numeric)
		and ((${asked.exit}::text is null and ${asked.reason}::text is null) or status not in ('completed', 'in_progress'))
		and ${isWord(asked.exit, `coalesce(key_text(abandonment_step), '')`)}
		and ${isWord(asked.reason, `coalesce(key_text(abandonment_reason), '')`)}
		and ${isWord(asked.post_ar, ENDED_WORDS.post_ar)}
		and ${isTrue(asked.cart, 'added_to_cart')}
		and (${asked.reached}::integer is null or ${reached(sql, asked.reached)} = 1)
		and (${asked.not_reached}::integer is null or ${reached(sql, asked.not_reached)} = 0)
		and (${asked.q}::text is null or strpos(lower(session_id), lower(${asked.q}::text)) > 0)
		and ${wasHit(sql, list)}
		and ${
			asked.event === null
				? sql`true`
				: sql`(
			select true from analytics_events as logged
			where ${ofSession(sql)} and logged.event_type || '' = ${asked.event}
			limit 1
		)`
		}`;
}

function reached(sql: Sql, step: number | null): Fragment {
	const cases = STEP_NUMBERS.map((number) => `when ${number} then ${SESSION_MEASURES[`reached_${number}`]}`);
	return sql`(case ${step}::integer ${sql.unsafe(cases.join(' '))} end)`;
}
