/** One shop over a range: its figures over time, by device and product, and its latest sessions, errors and set-ups. */
import { MOST_ROWS_OF_WHOLE, type Buckets } from '../../../query';
import type { Decimal, Millis, SessionCard } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { stateAt, type SetupState } from '../setups';
import { cardColumns } from '../wall/cards';
import { beginning, millis, time } from '../columns';
import { aiCounts, bucketOf, groupErrorCounts, sessionCounts, sessionParts, type SessionDimension } from '../tallies';

const READ_WITHIN_MS = 10_000;
const LATEST = 10;
const PARTS = 15;

export interface ShopBucket {
	sessions: number;
	inProgress: number;
	completed: number;
	abandoned: number;
	cost: Decimal;
	errors: number;
}

export interface ShopPart {
	/** '' where there is none. */
	value: string;
	sessions: number;
	inProgress: number;
	completed: number;
}

export interface ShopErrorGroup {
	group: string;
	code: string | null;
	message: string | null;
	/** That most of them had here. */
	severity: string;
	errors: number;
}

export interface ShopSetup {
	productId: string;
	/** Null where nothing but images was told of. */
	state: SetupState | null;
	stateAt: Millis | null;
	abandonedAtStep: string | null;
}

export interface ShopPage {
	domain: string;
	firstSeenAt: Millis;
	lastSessionAt: Millis | null;
	/** By bucket. */
	series: ShopBucket[];
	cost: Decimal;
	devices: ShopPart[];
	products: ShopPart[];
	latest: SessionCard[];
	errors: ShopErrorGroup[];
	setups: ShopSetup[];
	/** How many devices, products and groups of errors there are in the range, of which those above have most. */
	inAll: { devices: number; products: number; errors: number };
	/** Are there more set-ups than those? */
	moreSetups: boolean;
}

/** The shop; null when no event has named it. @param isWhole whether all its parts are named, and not those with most alone */
export async function shopPage(
	sql: Sql,
	domain: string,
	{ range, times, now, isWhole }: { range: { from: Millis; to: Millis }; times: Buckets; now: Millis; isWhole: boolean }
): Promise<ShopPage | null> {
	// Postgres would refuse the question; no shop has such a name, because NUL is mended when it comes.
	if (domain.includes('\0')) return null;
	const [known] = await within(
		READ_WITHIN_MS,
		sql<Pick<ShopPage, 'domain' | 'firstSeenAt' | 'lastSessionAt'>[]>`
			select domain, ${millis(sql, 'first_seen_at')} as "firstSeenAt", ${millis(sql, 'last_session_at')} as "lastSessionAt"
			from shops
			where domain = ${domain}`
	);
	if (!known) return null;
	const span = { ...range, shop: domain };
	const parts = isWhole ? MOST_ROWS_OF_WHOLE : PARTS;
	const [series, cost, devices, products, latest, errors, setups] = await within(
		READ_WITHIN_MS,
		Promise.all([
			overTime(sql, span, times),
			costOf(sql, span),
			partsOf(sql, 'device', span, parts),
			partsOf(sql, 'product', span, parts),
			latestSessions(sql, span),
			errorGroupsOf(sql, span),
			setupsOf(sql, domain, now)
		])
	);
	return {
		...known,
		series,
		cost,
		devices: devices.rows,
		products: products.rows,
		latest,
		errors: errors.rows,
		setups: setups.slice(0, LATEST),
		inAll: { devices: devices.inAll, products: products.inAll, errors: errors.inAll },
		moreSetups: setups.length > LATEST
	};
}

interface ShopSpan {
	from: Millis;
	to: Millis;
	shop: string;
}

async function overTime(sql: Sql, span: ShopSpan, times: Buckets): Promise<ShopBucket[]> {
	const rows = await sql<(ShopBucket & { bucket: number })[]>`
		select
			${bucketOf(sql, times.edges)} as bucket, sum(sessions)::float8 as sessions, sum(in_progress)::float8 as "inProgress",
			sum(completed)::float8 as completed, sum(abandoned)::float8 as abandoned, trim_scale(sum(cost))::text as cost,
			sum(errors)::float8 as errors
		from (
			select at, sessions, active as in_progress, completed, abandoned, 0 as cost, 0 as errors
			from ${sessionCounts(sql, span, times.edges)} as counted
			union all
			select at, 0, 0, 0, 0, cost, 0 from ${aiCounts(sql, span, times.edges)} as counted
			union all
			select at, 0, 0, 0, 0, 0, errors from ${groupErrorCounts(sql, span, times.edges)} as counted
		) as all_counts
		group by 1`;
	const byBucket = new Map(rows.map(({ bucket, ...figures }) => [bucket, figures]));
	const nothing = { sessions: 0, inProgress: 0, completed: 0, abandoned: 0, cost: '0', errors: 0 };
	return times.partial.map((_, index) => byBucket.get(index) ?? nothing);
}

async function costOf(sql: Sql, span: ShopSpan): Promise<Decimal> {
	const [row] = await sql<{ cost: Decimal }[]>`
		select trim_scale(coalesce(sum(cost), 0))::text as cost from ${aiCounts(sql, span)} as counted`;
	return row?.cost ?? '0';
}

/** Rows with most of something, and how many there are in all. */
interface First<R> {
	rows: R[];
	inAll: number;
}

async function partsOf(sql: Sql, dimension: SessionDimension, span: ShopSpan, most: number): Promise<First<ShopPart>> {
	const rows = await sql<(ShopPart & { inAll: number })[]>`
		select
			value, sum(sessions)::float8 as sessions, sum(active)::float8 as "inProgress", sum(completed)::float8 as completed,
			count(*) over ()::int as "inAll"
		from ${sessionParts(sql, dimension, span)} as parts
		group by value
		having sum(sessions) <> 0
		order by 2 desc, value
		limit ${most}`;
	return {
		rows: rows.map(({ value, sessions, inProgress, completed }) => ({ value, sessions, inProgress, completed })),
		inAll: rows[0]?.inAll ?? 0
	};
}

function latestSessions(sql: Sql, { from, to, shop }: ShopSpan): PromiseLike<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from sessions
		where shop_domain = ${shop} and started_at >= ${time(sql, from)} and started_at < ${time(sql, to)}
		order by started_at desc, session_id desc
		limit ${LATEST}`;
}

async function errorGroupsOf(sql: Sql, span: ShopSpan): Promise<First<ShopErrorGroup>> {
	const rows = await sql<(ShopErrorGroup & { inAll: number })[]>`
		select
			counted.group_key as "group", ${beginning(sql, 'known.error_code', 255)} as code,
			${beginning(sql, 'known.message_shape', 255)} as message, counted.severity, counted.errors,
			counted.in_all as "inAll"
		from (
			select
				group_key, sum(errors) as errors, (array_agg(severity order by errors desc, severity))[1] as severity,
				count(*) over ()::int as in_all
			from (
				select group_key, severity, sum(errors)::float8 as errors
				from ${groupErrorCounts(sql, span)} as counted
				group by group_key, severity
			) as severities
			group by group_key
			order by 2 desc, 1
			limit ${LATEST}
		) as counted
		left join error_groups as known using (group_key)
		order by counted.errors desc, counted.group_key`;
	return {
		rows: rows.map(({ group, code, message, severity, errors }) => ({ group, code, message, severity, errors })),
		inAll: rows[0]?.inAll ?? 0
	};
}

/** One more than are shown, which says whether there are more. */
function setupsOf(sql: Sql, domain: string, now: Millis): PromiseLike<ShopSetup[]> {
	return sql<ShopSetup[]>`
		select
			product_id as "productId", ${stateAt(sql, now)} as state, ${millis(sql, 'state_at')} as "stateAt", abandoned_at_step as "abandonedAtStep"
		from product_setups
		where shop = ${domain}
		order by state_at desc nulls last, product_id
		limit ${LATEST + 1}`;
}
