/**
 * One group of errors: what it is, what was said of it, whom it hit in a range, and its latest errors as they came. What
 * the tallies know (shops, severities, steps) is exact; devices are those of the latest errors alone.
 */
import { ERROR_ACKNOWLEDGED, ERROR_REOPENED, ERROR_RESOLVED } from '../../../events/vocabulary';
import type { ErrorCard, Millis } from '../../../live/messages';
import type { Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { beginning, millis, time, type Fragment } from '../columns';
import type { GroupState } from './groups';
import { knownGroups } from './known';
import { ERRORS_TRIED, sessionsHit } from './hit';
import { mostShops, parts, type ErrorPart } from './overview';
import { countedErrors, errorsOf, type CountedFilters, type Stretch } from './questions';
import { errorColumns } from '../wall/errors';

export interface ErrorGroup {
	group: string;
	code: string | null;
	shape: string | null;
	/** The message as it came last. */
	message: string | null;
	severity: string | null;
	state: GroupState;
	acknowledgedAt: Millis | null;
	acknowledgedBy: string | null;
	resolvedAt: Millis | null;
	resolvedBy: string | null;
	firstSeenAt: Millis;
	lastSeenAt: Millis;
	/** Ever. */
	errorsEver: number;
	/** With such an error in the range. */
	sessions: number;
	sessionsAtLeast: boolean;
	/** Exact; of shops those with the most. */
	shops: ErrorPart[];
	severities: ErrorPart[];
	steps: ErrorPart[];
	/** Of the latest `sampled` errors in the range. */
	sampled: number;
	devices: ErrorPart[];
	systems: ErrorPart[];
	browsers: ErrorPart[];
	/** The latest in the range, with what came with them. */
	latest: (ErrorCard & { stack: string | null; deviceType: string | null; os: string | null; browser: string | null; userAgent: string | null })[]; // prettier-ignore
	/** Those with the latest errors of the group in the range; `errors` are all that they ever had. */
	hitSessions: { sessionId: string; shop: string | null; status: string | null; errors: number; lastAt: Millis }[];
	/** What people said of it, the latest first. */
	history: { said: string; by: string | null; at: Millis }[];
}

/** Devices are counted among so many of the latest errors. */
const SAMPLE = 500;
const READ_WITHIN_MS = 10_000;
const LATEST = 10;
const SESSIONS = 20;
/** What people say is looked for among so many of the latest events of each kind. */
const SAID_LOOKED = 2_000;
const SAID = 50;
const LONGEST_STACK = 20_000;
const NO_FILTERS = { shop: null, severity: [], step: [], state: [], q: null, group: null };

/** All of a group in one moment, or all that is of one shop; null when no error of it is known. */
export async function errorGroup(
	sql: Sql,
	group: string,
	range: Stretch,
	now: Millis,
	scope: Scope['scope'],
	isWhole: boolean
): Promise<ErrorGroup | null> {
	if (!/^[0-9a-f]{32}$/.test(group)) return null;
	const own = { ...NO_FILTERS, group, shop: scope };
	const inRange = (order: Fragment) => sql`select * from ${errorsOf(sql, range, own)} ${order}`;
	const latest = (rows: number) => inRange(sql`order by occurred_at desc, id desc limit ${rows}`);
	const [row] = await within(
		READ_WITHIN_MS,
		sql<ErrorGroup[]>`
			with counted as materialized (
				select shop, severity, step, sum(errors::float8) as errors from ${countedErrors(sql, range, own)} as matching
				group by shop, severity, step
			),
			sample as materialized (${latest(SAMPLE)})
			select
				known.group_key as "group",
				${beginning(sql, 'known.error_code', 255)} as code,
				known.message_shape as shape,
				known.message,
				${beginning(sql, 'known.severity', 255)} as severity,
				known.state,
				${millis(sql, 'known.acknowledged_at')} as "acknowledgedAt",
				${beginning(sql, 'known.acknowledged_by', 255)} as "acknowledgedBy",
				${millis(sql, 'known.resolved_at')} as "resolvedAt",
				${beginning(sql, 'known.resolved_by', 255)} as "resolvedBy",
				${millis(sql, 'known.first_seen_at')} as "firstSeenAt",
				${millis(sql, 'known.last_seen_at')} as "lastSeenAt",
				known.error_count::float8 as "errorsEver",
				hit.sessions,
				hit."isLeast" as "sessionsAtLeast",
				${parts(sql, sql`shop`, sql`sum(errors)`, sql`counted`, mostShops(isWhole))} as shops,
				${parts(sql, sql`severity`, sql`sum(errors)`, sql`counted`)} as severities,
				${parts(sql, sql`step`, sql`sum(errors)`, sql`counted`)} as steps,
				(select count(*)::int from sample) as sampled,
				${parts(sql, sql`coalesce(key_text(device_type), '')`, sql`count(*)`, sql`sample`)} as devices,
				${parts(sql, sql`coalesce(key_text(os), '')`, sql`count(*)`, sql`sample`)} as systems,
				${parts(sql, sql`coalesce(key_text(browser), '')`, sql`count(*)`, sql`sample`)} as browsers,
				(
					select coalesce(json_agg(line), '[]')
					from (
						select
							${errorColumns(sql)}, ${beginning(sql, 'errors.stack_trace', LONGEST_STACK)} as stack,
							${beginning(sql, 'errors.device_type', 255)} as "deviceType",
							${beginning(sql, 'errors.os', 255)} as os, ${beginning(sql, 'errors.browser', 255)} as browser,
							${beginning(sql, 'errors.user_agent', 500)} as "userAgent"
						from (${latest(LATEST)}) as errors
					) as line
				) as latest,
				(select coalesce(json_agg(line), '[]') from (${sessionRows(sql, own, group, range, range.to >= now)}) as line) as "hitSessions",
				(select coalesce(json_agg(line), '[]') from (${saidRows(sql, group)}) as line) as history
			from ${knownGroups(sql, scope)} as known, lateral (${sessionsHit(sql, sql`known.group_key`, range, range.to >= now, own)}) as hit
			where known.group_key = ${group}`
	);
	return row ?? null;
}

/** Those hit last in the range: up to now the table of sessions by group knows them; before, the latest errors do. */
function sessionRows(sql: Sql, own: CountedFilters, group: string, range: Stretch, isUpToNow: boolean): Fragment {
	const { shop } = own;
	const hit =
		isUpToNow && shop === null
			? sql`
			select session_id, last_at from error_group_sessions
			where group_key = ${group} and last_at >= ${time(sql, range.from)}`
			: sql`
			select session_id, max(occurred_at) as last_at
			from (
				select * from ${errorsOf(sql, range, own)} order by occurred_at desc limit ${ERRORS_TRIED}
			) as tried
			where session_id is not null
			group by session_id`;
	const ever =
		shop === null
			? sql`ever.errors::float8`
			: sql`(
				select count(*)::float8 from error_events
				where error_events.session_id = hit.session_id and group_key = ${group} and shop_domain = ${shop}
			)`;
	return sql`
		select
			hit.session_id as "sessionId",
			sessions.shop_domain as shop,
			sessions.status,
			${ever} as errors,
			${millis(sql, 'hit.last_at')} as "lastAt"
		from (select * from (${hit}) as hit order by last_at desc, session_id limit ${SESSIONS}) as hit
		${shop === null ? sql`join error_group_sessions as ever on ever.group_key = ${group} and ever.session_id = hit.session_id` : sql``}
		left join sessions on sessions.session_id = hit.session_id and ${shop === null ? sql`true` : sql`sessions.shop_domain = ${shop}`}
		order by hit.last_at desc, hit.session_id`;
}

/** Only events of the server's own count: a client's of such a type says nothing. */
function saidRows(sql: Sql, group: string): Fragment {
	const types = [ERROR_ACKNOWLEDGED, ERROR_RESOLVED, ERROR_REOPENED];
	return sql`
		select
			substr(event_type, 13) as said,
			left(data ->> 'by', 255) as by,
			${millis(sql, 'event_time')} as at
		from
			unnest(${types}::text[]) as wanted,
			lateral (
				select event_type, data, ip, event_time
				from analytics_events
				where event_type = wanted and ip is null
				order by server_timestamp desc
				limit ${SAID_LOOKED}
			) as events
		where data ->> 'group' = ${group}
		order by event_time desc
		limit ${SAID}`;
}
