/**
 * What is known of groups of errors whatever the range: of all shops as their table keeps it, or as one shop alone knows
 * them, for who sees no other. A group is the same code and the same shape of the message, so these belong to every shop
 * that has it; all else is then of the shop's own errors. What people said of a group is said of it as a whole.
 */
import type { Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import type { Fragment } from '../columns';
import { QUARTER_MS } from '../tallies';

const READ_WITHIN_MS = 10_000;

/**
 * A relation of the groups with what people said of them, and `message` and `severity` of the latest error, `last_session`,
 * `first_seen_at`, `last_seen_at` and `error_count`. Groups that the shop never had are not in it.
 */
export function knownGroups(sql: Sql, scope: Scope['scope']): Fragment {
	const said = sql`
		groups.group_key, groups.error_code, groups.message_shape, groups.state, groups.acknowledged_at,
		groups.acknowledged_by, groups.resolved_at, groups.resolved_by`;
	if (scope === null) {
		return sql`(
			select
				${said}, groups.last_lww[4] as message, groups.severity, groups.first_seen_at, groups.last_seen_at,
				groups.error_count,
				(
					select session_id from error_group_sessions as hit
					where hit.group_key = groups.group_key order by last_at desc limit 1
				) as last_session
			from error_groups as groups
			where groups.first_seen_at is not null
		)`;
	}
	// The tallies find the quarters of an hour in which the first and the last were: the errors themselves are too many.
	const own = sql`error_events.group_key = groups.group_key and shop_domain = ${scope}`;
	const during = (quarter: Fragment) =>
		sql`occurred_at >= ${quarter} and occurred_at < ${quarter} + ${QUARTER_MS} * interval '1 millisecond'`;
	return sql`(
		select
			${said}, latest.message, latest.severity, first.first_seen_at, latest.last_seen_at, tallied.error_count,
			coalesce(latest.session_id, (
				select session_id from error_events
				where ${own} and session_id is not null order by occurred_at desc, id desc limit 1
			)) as last_session
		from error_groups as groups
		cross join lateral (
			select min(bucket) as first, max(bucket) as last, sum(errors) as error_count
			from error_tallies where group_key = groups.group_key and shop = ${scope}
		) as tallied
		cross join lateral (
			select min(occurred_at) as first_seen_at from error_events where ${own} and ${during(sql`tallied.first`)}
		) as first
		cross join lateral (
			select left(error_message, 1000) as message, severity, session_id, occurred_at as last_seen_at
			from error_events
			where ${own} and ${during(sql`tallied.last`)}
			order by occurred_at desc, id desc
			limit 1
		) as latest
	)`;
}

/** The one of these shops that had the group last, by quarters of an hour; null when none did. */
export async function shopWith(sql: Sql, group: string, shops: readonly string[]): Promise<string | null> {
	const [row] = await within(
		READ_WITHIN_MS,
		sql<{ shop: string }[]>`
			select shop from error_tallies
			where group_key = ${group} and shop = any(${shops}::text[])
			order by bucket desc, shop
			limit 1`
	);
	return row?.shop ?? null;
}
