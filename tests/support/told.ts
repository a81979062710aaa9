/** What the log and the tables say of a shop, in a form in which two shops can be compared. */
import type { Sql } from '../../src/lib/server/db/connect';

/** How often each type of event is in a shop's log. */
export async function logOf(sql: Sql, shop: string): Promise<string[]> {
	const rows = await sql<{ event_type: string }[]>`select event_type from analytics_events where shop_domain = ${shop}`;
	return rows.map(({ event_type }) => event_type).sort();
}

/** What the tables say of a shop, but for ids, user agents, and the times in `timed`, which are told from its first event. */
export async function tablesOf(sql: Sql, shop: string, timed: boolean): Promise<Record<string, object[]>> {
	const time = (column: string) =>
		timed ? `extract(epoch from ${column} - (select min(client_timestamp) from log))::float8` : `${column} is not null`;
	const tables = {
		sessions: `status, duration_ms, current_step, steps_completed, abandonment_step, abandonment_reason, product_id,
			product_title, product_price, device_type, os, os_version, browser, browser_version, entry_point, referrer, flow, env,
			post_ar_action, added_to_cart, total_ai_cost, regeneration_count, regeneration_cost, error_count, event_count,
			${time('started_at')} as started, ${time('ended_at')} as ended, ${time('updated_at')} as updated`,
		session_steps: `step, status, duration_ms, retake_count, mask_edit_count, placement_adjustments, regeneration_count,
			auto_vs_manual, auto_confidence, error_code, error_message, metadata,
			${time('started_at')} as started, ${time('completed_at')} as completed`,
		errors: `error_code, error_message, severity, step, stack_trace, is_user_facing, device_type, os, browser,
			${time('occurred_at')} as occurred`,
		ai_requests: `request_id, provider, model, model_version, operation, step, duration_ms, status, cost_usd,
			is_regeneration, regeneration_reason, error_message`,
		shops: `total_sessions, completed_sessions, ${time('first_seen_at')} as seen, ${time('last_session_at')} as last_session`
	};
	const said: Record<string, object[]> = {};
	for (const [table, columns] of Object.entries(tables)) {
		const condition =
			table === 'shops'
				? 'domain = $1'
				: table === 'session_steps'
					? 'session_id in (select session_id from log)'
					: 'shop_domain = $1';
		said[table] = [
			...(await sql.unsafe<object[]>(
				`with log as (select * from analytics_events where shop_domain = $1)
				select ${columns} from ${table} where ${condition} order by 1, 2`,
				[shop]
			))
		];
	}
	return said;
}
