/** Who did what, newest first. Rows are never changed, and their numbers are those of their order. */
import { isFault, readCursor, writeCursor, type FilterValues, type QueryFault } from '../../query';
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { millis } from './columns';
import { descending, listPage, type ListPage } from './keyset';

export const AUDIT_FILTERS = {
	action: 'words',
	/** Any part of the name of who did it. */
	actor: 'text'
} as const;

export interface AuditRow {
	id: string;
	at: Millis;
	/** user, screen, token; open: whoever is at the machine; nobody. */
	kind: string;
	actor: string;
	address: string | null;
	action: string;
	object: string | null;
	detail: Record<string, unknown>;
}

export interface AuditAsked {
	filters: FilterValues<typeof AUDIT_FILTERS>;
	cursor: string | null;
	limit?: number;
}

const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'audit', sort: 'id', key: ['number'] } as const;

/** @param sql a pool that commits do not need */
export function audit(sql: Sql) {
	return { filters: AUDIT_FILTERS, list: (asked: AuditAsked) => auditList(sql, asked) };
}

async function auditList(
	sql: Sql,
	{ filters: { action, actor }, cursor: text, limit = 50 }: AuditAsked
): Promise<ListPage<AuditRow> | QueryFault> {
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const { way, beyond } = descending(sql, cursor);
	const place = Math.trunc(Math.min(Math.max(cursor?.key[0] ?? 0, 0), Number.MAX_SAFE_INTEGER));
	const rows = await within(
		READ_WITHIN_MS,
		sql<AuditRow[]>`
			select id, ${millis(sql, 'at')} as at, actor_kind as kind, actor, address, action, object, detail
			from audit
			where
				${cursor ? sql`id ${beyond} ${place}::bigint` : sql`true`}
				and ${action.length > 0 ? sql`action = any(${action}::text[])` : sql`true`}
				and ${actor === null ? sql`true` : sql`position(lower(${actor}) in lower(actor)) > 0`}
			order by id ${way}
			limit ${limit + 1}`
	);
	return listPage(rows, limit, cursor?.direction ?? null, (direction, { id }) =>
		writeCursor(SHAPE, direction, [Number(id)])
	);
}
