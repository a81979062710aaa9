/**
 * Product set-ups by the latest that is known of each: under way, never finished (under way, and silent for a day),
 * completed or abandoned. All figures of a range are of the set-ups whose latest news lies in it, so that each number
 * opens its rows. Merchants set up few products: the LOOKED latest of a range are counted, and if there are more, the
 * answer says so.
 */
import { isFault, MOST_ROWS_OF_WHOLE, readCursor, wordOf, writeCursor, type Buckets, type Direction, type FilterValues, type QueryFault, type Scope } from '../../../query'; // prettier-ignore
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis, time, type Fragment } from '../columns';
import { imagesPrepared } from './images';
import { descending, listPage, micros, momentFault, momentOfMicros, type Counted, type ListPage } from '../keyset';
import { bucketOf } from '../tallies';

export const SETUP_FILTERS = {
	shop: 'text',
	state: 'words',
	step: 'text',
	/** For the first time in the range. */
	begun: 'flag',
	/** For the first time in this part of it. */
	begun_in: 'span',
	method: 'text'
} as const;
export type SetupFilters = FilterValues<typeof SETUP_FILTERS>;

export type SetupState = 'started' | 'unfinished' | 'completed' | 'abandoned';

export interface SetupRow {
	/** '' where the events named none. */
	shop: string;
	productId: string;
	state: SetupState;
	abandonedAtStep: string | null;
	/** Begun for the first time. */
	startedAt: Millis | null;
	completedAt: Millis | null;
	/** The latest news. */
	stateAt: Millis;
	/** How often it was begun, and how many images were prepared for it. */
	begun: number;
	images: number;
}

export interface SetupCounts {
	/** Set-ups of which there was news in the range. */
	setups: number;
	/** Of them: begun for the first time in the range. */
	begun: number;
	started: number;
	unfinished: number;
	completed: number;
	abandoned: number;
}

export interface SetupSummary extends SetupCounts {
	/** There are more than LOOKED, and these are the latest. */
	isLeast: boolean;
	/** Whether any set-up is known that the asker may see. */
	any: boolean;
	/** Median of first begin to completion, of the `timed` latest completed; null where there is none. */
	medianMs: number | null;
	timed: number;
	/** By bucket: begun by their first begin, the others by their latest news. */
	series: { begun: number[]; completed: number[]; abandoned: number[] };
	/** '' for none. */
	steps: { value: string; setups: number }[];
	shops: ({ shop: string } & SetupCounts)[];
	/** How many steps and shops there are, of which those above have most. */
	inAll: { steps: number; shops: number };
}

interface Stretch {
	from: Millis;
	to: Millis;
}

/** Which set-ups. */
export interface SetupsOf {
	now: Millis;
	range: Stretch;
	filters: SetupFilters;
	scope: Scope['scope'];
}

export interface SetupsAsked extends SetupsOf {
	cursor: string | null;
	limit?: number;
}

export const LOOKED = 20_000;
/** A median is of so many at most. */
export const TIMED = 2_000;
const UNFINISHED_MS = 86_400_000;
/** Steps and shops that are named, where not all are asked for. */
const PARTS = 20;
const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'set-ups', sort: 'news', key: ['number', 'text', 'text'] } as const;
/**
 * @param sql a pool that commits do not need
 * @param sums the same for what is counted
 */
export function setups(sql: Sql, sums: Sql = sql) {
	return {
		/** What set-ups can be asked for. */
		filters: SETUP_FILTERS,
		list: (asked: SetupsAsked) => setupList(sql, asked),
		count: (asked: SetupsOf) => countSetups(sums, asked),
		/** @param isWhole whether all steps and shops are named rather than those with most; so in the next with methods */
		summary: (asked: SetupsOf, times: Buckets, isWhole = false) => summary(sums, asked, times, isWhole),
		images: (range: Stretch, filters: SetupFilters, isWhole = false) => imagesPrepared(sums, range, filters, isWhole)
	};
}

/** A page of the set-ups that match, by their latest news. */
async function setupList(
	sql: Sql,
	{ now, range, filters, cursor: text, limit = 50 }: SetupsAsked
): Promise<ListPage<SetupRow> | QueryFault> {
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const { way, beyond } = descending(sql, cursor);
	const [at, shop, product] = cursor?.key ?? [];
	const wrong = at === undefined ? null : momentFault(at);
	if (wrong) return wrong;
	const after =
		at === undefined
			? sql`true`
			: sql`(state_at, shop, product_id) ${beyond} (${momentOfMicros(sql, at)}, ${shop ?? ''}, ${product ?? ''})`;
	const read = await within(
		READ_WITHIN_MS,
		sql<{ place: number; row: SetupRow }[]>`
			select
				${micros(sql, 'setups.state_at')} as place,
				(
					select to_json(line)
					from (
						select
							shop, product_id as "productId", state, abandoned_at_step as "abandonedAtStep",
							${millis(sql, 'setups.started_at')} as "startedAt",
							${millis(sql, 'setups.completed_at')} as "completedAt",
							${millis(sql, 'setups.state_at')} as "stateAt",
							begun::float8 as begun, images::float8 as images
					) as line
				) as row
			from (
				select shop, product_id, abandoned_at_step, started_at, completed_at, state_at, begun, images, ${stateAt(sql, now)} as state
				from product_setups
				where ${newsIn(sql, range)} and ${after}
			) as setups
			where ${matches(sql, range, filters)}
			order by state_at ${way}, shop ${way}, product_id ${way}
			limit ${limit + 1}`
	);
	const page = listPage(read, limit, cursor?.direction ?? null, (direction: Direction, { place, row }) =>
		writeCursor(SHAPE, direction, [place, row.shop, row.productId])
	);
	return { ...page, rows: page.rows.map(({ row }) => row) };
}

/** What the set-ups come to. The filter by state narrows all of it; without it all states are counted. */
async function summary(
	sql: Sql,
	{ now, range, filters, scope }: SetupsOf,
	times: Buckets,
	isWhole: boolean
): Promise<SetupSummary> {
	const most = isWhole ? MOST_ROWS_OF_WHOLE : PARTS;
	const counts = sql`
		count(*)::int as setups,
		count(*) filter (where ${begunIn(sql, range)})::int as begun,
		count(*) filter (where state = 'started')::int as started,
		count(*) filter (where state = 'unfinished')::int as unfinished,
		count(*) filter (where state = 'completed')::int as completed,
		count(*) filter (where state = 'abandoned')::int as abandoned`;
	const points = (what: string, at: string, condition: Fragment) => sql`
		select ${what}::text as what, ${bucketOf(sql, times.edges)} as bucket, count(*)::int as setups
		from (select ${sql(at)} as at from matching where ${condition}) as moments
		group by 1, 2`;
	type Row = Omit<SetupSummary, 'series'> & { points: { what: string; bucket: number; setups: number }[] };
	const [row] = await within(
		READ_WITHIN_MS,
		sql<Row[]>`
			with looked as materialized (${latest(sql, { now, range, scope })}),
			matching as materialized (select * from looked as setups where ${matches(sql, range, filters)}),
			by_step as materialized (
				select coalesce(abandoned_at_step, '') as value, count(*)::int as setups
				from matching
				where state = 'abandoned'
				group by 1
			),
			by_shop as materialized (select shop, ${counts} from matching group by shop),
			timed as (
				select extract(epoch from completed_at - started_at) * 1000 as ms
				from matching
				where state = 'completed' and completed_at >= started_at
				order by state_at desc
				limit ${TIMED}
			)
			select
				${counts},
				(select count(*) >= ${LOOKED} from looked) as "isLeast",
				exists (select from product_setups where ${isOf(sql, scope)}) as "any",
				(select percentile_cont(0.5) within group (order by ms) from timed)::float8 as "medianMs",
				(select count(*)::int from timed) as timed,
				(
					select coalesce(json_agg(point), '[]')
					from (
						${points('begun', 'started_at', begunIn(sql, range))}
						union all ${points('completed', 'state_at', sql`state = 'completed'`)}
						union all ${points('abandoned', 'state_at', sql`state = 'abandoned'`)}
					) as point
				) as points,
				(
					select coalesce(json_agg(line), '[]')
					from (select * from by_step order by setups desc, value limit ${most}) as line
				) as steps,
				(
					select coalesce(json_agg(line), '[]')
					from (select * from by_shop order by setups desc, shop limit ${most}) as line
				) as shops,
				json_build_object('steps', (select count(*) from by_step), 'shops', (select count(*) from by_shop)) as "inAll"
			from matching`
	);
	if (!row) throw new Error('an aggregate gave no row');
	const { points: all, ...counted } = row;
	const series = (what: string) => {
		const byBucket = new Map(all.filter((point) => point.what === what).map((point) => [point.bucket, point.setups]));
		return times.partial.map((_, bucket) => byBucket.get(bucket) ?? 0);
	};
	return {
		...counted,
		series: { begun: series('begun'), completed: series('completed'), abandoned: series('abandoned') }
	};
}

/** How many set-ups match, of the LOOKED that the summary counts too. */
async function countSetups(sql: Sql, { now, range, filters, scope }: SetupsOf): Promise<Counted> {
	const [counted] = await within(
		READ_WITHIN_MS,
		sql<Counted[]>`
			select count(*) filter (where ${matches(sql, range, filters)})::int as count, count(*) >= ${LOOKED} as "isLeast"
			from (${latest(sql, { now, range, scope })}) as setups`
	);
	return counted ?? { count: 0, isLeast: false };
}

/** The LOOKED set-ups with the latest news of the range, each with its state at the moment. */
function latest(sql: Sql, { now, range, scope }: Omit<SetupsOf, 'filters'>): Fragment {
	return sql`
		select shop, product_id, abandoned_at_step, started_at, completed_at, state_at, ${stateAt(sql, now)} as state
		from product_setups
		where ${newsIn(sql, range)} and ${isOf(sql, scope)}
		order by state_at desc
		limit ${LOOKED}`;
}

function isOf(sql: Sql, scope: Scope['scope']): Fragment {
	return scope === null ? sql`true` : sql`shop = ${scope}`;
}

function newsIn(sql: Sql, { from, to }: Stretch): Fragment {
	return sql`state_at >= ${time(sql, from)} and state_at < ${time(sql, to)}`;
}

function begunIn(sql: Sql, { from, to }: Stretch): Fragment {
	return sql`started_at >= ${time(sql, from)} and started_at < ${time(sql, to)}`;
}

/** The state of a set-up at a moment: one that is under way and was not heard of for a day is unfinished. */
export function stateAt(sql: Sql, now: Millis): Fragment {
	return sql`case when state = 'started' and state_at < ${time(sql, now - UNFINISHED_MS)} then 'unfinished' else state end`;
}

/** Condition on set-ups that know their state at the moment. */
function matches(sql: Sql, range: Stretch, { shop, state, step, begun, begun_in: part }: SetupFilters): Fragment {
	return sql`(
		${shop === null ? sql`true` : sql`shop = ${wordOf(shop)}`}
		and ${state.length === 0 ? sql`true` : sql`state = any(${state}::text[])`}
		and ${step === null ? sql`true` : sql`state = 'abandoned' and coalesce(abandoned_at_step, '') = ${wordOf(step)}`}
		and ${begun === null ? sql`true` : sql`(${begunIn(sql, range)}) is ${begun ? sql`true` : sql`not true`}`}
		and ${part === null ? sql`true` : begunIn(sql, part)}
	)`;
}
