/**
 * The log's side of a comparison: rows as text, as the archive gives them back too. Read in short statements: a month that
 * leaves the log waits for whoever has it open.
 */
import { logRow } from '../commit/rows';
import type { Sql } from '../db/connect';

export interface LoggedRow {
	/** See LogRow. */
	key: string;
	json: string;
	/** Milliseconds since 1970. */
	serverTime: number;
}

const ROWS_AT_ONCE = 2_000;

interface Columns {
	id: string;
	type: string;
	session: string | null;
	shop: string | null;
	data: unknown;
	device: unknown;
	client: Date | null;
	server: Date;
	agent: string | null;
	ip: string | null;
	shift: string;
	key: string | null;
	extra: Record<string, unknown> | null;
	/** To the microsecond. */
	exactly: string;
}

/** The rows of a stretch of time, by their server time. */
export async function* logRows(sql: Sql, from: number, to: number): AsyncGenerator<LoggedRow> {
	for (let after = '-infinity'; ;) {
		const rows = await sql<Columns[]>`
			select
				id, event_type as type, session_id as session, shop_domain as shop, data, device_context as device,
				client_timestamp as client, server_timestamp as server, user_agent as agent, ip, clock_shift_ms as shift,
				key_id as key, extra, server_timestamp::text as exactly
			from analytics_events
			where server_timestamp >= ${new Date(from)} and server_timestamp < ${new Date(to)} and server_timestamp > ${after}::text::timestamptz
			order by server_timestamp
			fetch first (${ROWS_AT_ONCE}) rows with ties`;
		for (const columns of rows) yield rowOf(columns);
		if (rows.length < ROWS_AT_ONCE) return;
		after = rows.at(-1)?.exactly ?? 'infinity';
	}
}

function rowOf({
	id,
	type,
	session,
	shop,
	data,
	device,
	client,
	server,
	agent,
	ip,
	shift,
	key: keyId,
	extra
}: Columns): LoggedRow {
	const serverTime = server.getTime();
	const { key, json } = logRow({
		id,
		type,
		sessionId: session,
		shopDomain: shop,
		timestamp: null,
		data,
		deviceContext: device,
		extra,
		userAgent: agent,
		ip,
		clientTime: client?.getTime() ?? null,
		clockShiftMs: Number(shift),
		serverTime,
		keyId
	});
	return { key, json, serverTime };
}
