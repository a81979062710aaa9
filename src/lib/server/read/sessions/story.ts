/**
 * The whole story of one session. One statement, and so one moment: no step without its events. Bounded: the latest
 * events by time, in number and in bytes, and the number of those before them.
 */
import type { Sql } from '../../db/connect';
import type { AiRequestRow, EventRow, SessionError, SessionStory, StepRow } from '../../../live/messages';
import { cardColumns, stepOrder } from '../wall/cards';
import { decimal, millis, ofSession, type Fragment } from '../columns';
import { errorColumns } from '../wall/errors';

/** How many events and AI requests and errors a story has at most. */
export const STORY_ROWS = 500;
/** How much its events may hold in bytes of JSON, without which 500 of them could be 30 MB. */
const STORY_BYTES = 2 * 1024 * 1024;

type StoryRow = SessionStory['session'] & {
	stepRows: StepRow[];
	aiRequests: AiRequestRow[];
	errors: SessionError[];
	events: EventRow[];
};

/** The story with its latest events; null when no event of such a session is known. */
export function story(sql: Sql, sessionId: string): Promise<SessionStory | null> {
	return read(sql, sessionId, sql`true`);
}

/** The same with only the events that came in these commits. */
export function storySince(sql: Sql, sessionId: string, commits: string[]): Promise<SessionStory | null> {
	return read(sql, sessionId, sql`logged.commit_id = any(${commits}::bigint[])`);
}

async function read(sql: Sql, sessionId: string, wanted: Fragment): Promise<SessionStory | null> {
	// Postgres would refuse the question; no session has such an id, because NUL is mended when it comes.
	if (sessionId.includes('\0')) return null;
	const [row] = await sql<StoryRow[]>`
		select
			${cardColumns(sql)},
			sessions.product_id as "productId",
			${decimal(sql, 'sessions.product_price')} as "productPrice",
			sessions.os,
			sessions.os_version as "osVersion",
			sessions.browser,
			sessions.browser_version as "browserVersion",
			sessions.entry_point as "entryPoint",
			sessions.referrer,
			sessions.flow,
			sessions.env,
			sessions.post_ar_action as "postArAction",
			sessions.added_to_cart as "addedToCart",
			sessions.regeneration_count as "regenerationCount",
			${decimal(sql, 'sessions.regeneration_cost')} as "regenerationCost",
			sessions.event_count as "eventCount",
			(select coalesce(json_agg(line), '[]') from (${stepRows(sql)}) as line) as "stepRows",
			(select coalesce(json_agg(line order by line.at, line.id), '[]') from (${aiRows(sql)}) as line) as "aiRequests",
			(select coalesce(json_agg(line order by line.at, line.id), '[]') from (${errorRows(sql)}) as line) as errors,
			(
				select coalesce(json_agg(to_json(line)::jsonb - 'place' order by line.place, line.id), '[]')
				from (${eventRows(sql, wanted)}) as line
			) as events
		from sessions
		where sessions.session_id = ${sessionId}`;
	if (!row) return null;
	const { stepRows: steps, aiRequests, errors, events, ...session } = row;
	return { session, steps, aiRequests, errors, events, earlierEvents: Math.max(0, session.eventCount - events.length) };
}

function stepRows(sql: Sql): Fragment {
	return sql`
		select
			steps.step,
			steps.status,
			${millis(sql, 'steps.started_at')} as "startedAt",
			${millis(sql, 'steps.completed_at')} as "completedAt",
			steps.duration_ms as "durationMs",
			steps.retake_count as "retakeCount",
			steps.mask_edit_count as "maskEditCount",
			steps.placement_adjustments as "placementAdjustments",
			steps.regeneration_count as "regenerationCount",
			steps.auto_vs_manual as "autoVsManual",
			steps.auto_confidence::float8 as "autoConfidence",
			steps.error_code as "errorCode",
			steps.error_message as "errorMessage"
		from session_steps as steps
		where steps.session_id = sessions.session_id
		order by ${stepOrder(sql)}`;
}

function aiRows(sql: Sql): Fragment {
	return sql`
		select
			requests.id,
			requests.request_id as "requestId",
			requests.provider,
			requests.model,
			requests.operation,
			requests.step,
			requests.status,
			${millis(sql, 'requests.occurred_at')} as at,
			requests.duration_ms as "durationMs",
			${decimal(sql, 'requests.cost_usd')} as "costUsd",
			coalesce(requests.is_regeneration, false) as "isRegeneration",
			requests.error_message as "errorMessage"
		from ai_requests as requests
		where requests.session_id = sessions.session_id
		order by requests.occurred_at desc
		limit ${STORY_ROWS}`;
}

function errorRows(sql: Sql): Fragment {
	return sql`
		select ${errorColumns(sql)}, errors.group_key as "group"
		from error_events as errors
		where errors.session_id = sessions.session_id
		order by errors.occurred_at desc
		limit ${STORY_ROWS}`;
}

function eventRows(sql: Sql, wanted: Fragment): Fragment {
	return sql`
		select
			logged.id,
			logged.event_type as type,
			logged.shop_domain as shop,
			${millis(sql, 'logged.event_time')} as at,
			${millis(sql, 'logged.client_timestamp')} as "clientTime",
			${millis(sql, 'logged.server_timestamp')} as "serverTime",
			logged.data,
			logged.device_context as device,
			logged.user_agent as "userAgent",
			logged.ip,
			logged.key_id as "keyId",
			logged.event_time as place
		from (
			select
				*,
				sum(octet_length(data::text) + coalesce(octet_length(device_context::text), 0))
					over (order by event_time desc, id desc rows unbounded preceding) as bytes
			from (
				select *
				from analytics_events as logged
				where ${ofSession(sql)} and ${wanted}
				order by logged.event_time desc, logged.id desc
				limit ${STORY_ROWS}
			) as latest
		) as logged
		where logged.bytes <= ${STORY_BYTES}`;
}
