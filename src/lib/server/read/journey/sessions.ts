/**
 * The sessions of a journey, cut down to what was asked for. By shop, and by device or product alone, they are counted in
 * tallies, over any range. What no tally knows (device and product together, and where those that have a device or
 * product left) is counted in the rows of the latest sessions of the range, and says how far back it has looked.
 */
import { wordOf, type FilterValues, type Range } from '../../../query';
import type { Millis } from '../../../live/messages';
import { ENDED_WORDS, SESSION_MEASURES } from '../../projections/measures';
import type { Sql } from '../../db/connect';
import { millis, time, type Fragment } from '../columns';
import {
	sessionCounts,
	sessionParts,
	shopSessionParts,
	shopSessions,
	type SessionDimension,
	type Span
} from '../tallies';

export const JOURNEY_FILTERS = { shop: 'text', device: 'text', product: 'text' } as const;
export type JourneyFilters = FilterValues<typeof JOURNEY_FILTERS>;

export interface JourneyQuestion {
	now: Millis;
	zone: string;
	range: Range;
	filters: JourneyFilters;
}

/** A span of time with what the sessions in it must be; '' stands for none, null for any. */
export interface Asked extends Span {
	device: string | null;
	product: string | null;
}

export const SESSIONS_LOOKED_AT = 20_000;
export const MEASURES = Object.keys(SESSION_MEASURES);

/** What is asked of the sessions of a span. */
export function askedOf(filters: JourneyFilters, { from, to }: Pick<Span, 'from' | 'to'>): Asked {
	const word = (value: string | null) => (value === null ? null : wordOf(value));
	return { from, to, shop: word(filters.shop), device: word(filters.device), product: word(filters.product) };
}

/** Must the rows themselves be looked at for a split by this dimension? */
export function needsRows(asked: Asked, dimension: SessionDimension | 'shop' | null): boolean {
	const filtered = (['device', 'product'] as const).filter((name) => asked[name] !== null);
	if (filtered.length === 0) return false;
	return filtered.length === 2 || !(dimension === null || dimension === 'shop' || dimension === filtered[0]);
}

/** The measures of the sessions that are asked for, and `active`. */
export function counted(sql: Sql, asked: Asked): Fragment {
	if (asked.device === null && asked.product === null) return sessionCounts(sql, asked);
	return split(sql, asked, null);
}

/** `value` of the dimension, with the measures and `active`, of the sessions that are asked for. */
export function split(sql: Sql, asked: Asked, dimension: SessionDimension | 'shop' | null): Fragment {
	const names = sql.unsafe([...MEASURES, 'active'].join(', '));
	if (needsRows(asked, dimension)) {
		const value = dimension === null ? sql`''` : sql(dimension);
		return sql`(select ${value} as value, ${names} from ${rows(sql, asked)} as looked_at)`;
	}
	const filter = asked.device !== null ? 'device' : asked.product !== null ? 'product' : null;
	if (dimension === 'shop') {
		const source = filter === null ? shopSessions(sql, asked) : shopSessionParts(sql, filter, asked);
		return sql`(
			select shop as value, ${names} from ${source} as parts
			where ${filter === null ? sql`true` : sql`value = ${asked[filter]}`}
		)`;
	}
	const source = sessionParts(sql, filter ?? dimension ?? 'device', asked);
	return sql`(
		select value, ${names} from ${source} as parts
		where ${filter === null ? sql`true` : sql`value = ${asked[filter]}`}
	)`;
}

/** The latest sessions of the range, with their words and measures: as many as are looked at, then those that fit. */
function rows(sql: Sql, asked: Asked): Fragment {
	const named = (expressions: Readonly<Record<string, string>>) =>
		sql.unsafe(
			Object.entries(expressions)
				.map(([name, expression]) => `${expression} as ${name}`)
				.join(', ')
		);
	return sql`(
		select *
		from (
			select
				session_id, started_at, coalesce(shop_domain, '') as shop, (status = 'in_progress')::integer as active,
				${named(ENDED_WORDS)}, ${named(SESSION_MEASURES)}
			from ${latest(sql, asked)} as sessions
		) as worded
		where ${ofWords(sql, asked)}
	)`;
}

function latest(sql: Sql, { from, to, shop }: Span): Fragment {
	const ofShop = shop === null ? sql`true` : shop === '' ? sql`shop_domain is null` : sql`shop_domain = ${shop}`;
	return sql`(
		select *
		from sessions
		where started_at >= ${time(sql, from)} and started_at < ${time(sql, to)} and ${ofShop}
		order by started_at desc, session_id desc
		limit ${SESSIONS_LOOKED_AT}
	)`;
}

function ofWords(sql: Sql, { device, product }: Asked): Fragment {
	return sql`${device === null ? sql`true` : sql`device = ${device}`}
		and ${product === null ? sql`true` : sql`product = ${product}`}`;
}

/** The ids of the latest of these sessions that have ended. */
export function latestEnded(sql: Sql, asked: Asked, most: number): Fragment {
	if (asked.device !== null || asked.product !== null) {
		return sql`(
			select session_id from ${rows(sql, asked)} as looked_at
			where active = 0 order by started_at desc, session_id desc limit ${most}
		)`;
	}
	return sql`(
		select session_id from ${latest(sql, asked)} as latest
		where status <> 'in_progress' order by started_at desc, session_id desc limit ${most}
	)`;
}

export interface LookedAt {
	sessions: number;
	/** When the first of them started; null when there is none. */
	backTo: Millis | null;
	/** Has the range more of them? */
	isCut: boolean;
}

/** How far back the rows of a span are looked at. */
export async function lookedAt(sql: Sql, asked: Asked): Promise<LookedAt> {
	const [row] = await sql<{ sessions: number; backTo: Millis | null }[]>`
		select sessions, ${millis(sql, 'back_to')} as "backTo"
		from (select count(*)::int as sessions, min(started_at) as back_to from ${latest(sql, asked)} as latest) as counted`;
	const { sessions, backTo } = row ?? { sessions: 0, backTo: null };
	return { sessions, backTo, isCut: sessions === SESSIONS_LOOKED_AT };
}
