/**
 * Text beside the log that may name what is to be forgotten: what could not be an event, notes of faults, and requests of
 * the same person. What names it goes as a whole: nothing is counted from it.
 */
import type { Sql } from '../db/connect';
import type { Counts } from './log';
import type { Matcher } from './matching';
import { lowerAscii, namesOf, Subject } from './subject';

/** Table → SQL of its key as text, and of what in it may name anything. */
const TEXTS = {
	rejected_events: ['id::text', 'raw'],
	backfill_faults: ['job || name', 'reason'],
	reconciliations: [`from_time || ' ' || to_time`, 'result::text']
} as const;

/** Removes what names it. */
export async function eraseElsewhere(sql: Sql, subject: Subject, matcher: Matcher): Promise<Counts> {
	const counts: Counts = {};
	for (const [table, [key, column]] of Object.entries(TEXTS)) {
		const rows = sql<{ key: string; text: Buffer | string }[]>`
			select ${sql.unsafe(key)} as key, ${sql.unsafe(column)} as text from ${sql(table)}`;
		const named: string[] = [];
		for await (const some of rows.cursor(200)) {
			for (const row of some) if (matcher.isNamedIn(Buffer.from(row.text))) named.push(row.key);
		}
		const gone = await sql`delete from ${sql(table)} where ${sql.unsafe(key)} = any(${named}) returning 1`;
		if (gone.length > 0) counts[table] = gone.length;
	}
	await sql`update archive_objects set last_error = null where state = 'shipped'`;
	if (subject.kind !== 'session') await closeRequests(sql, subject);
	return counts;
}

/** Requests of whoever was erased have nothing to be answered with. */
async function closeRequests(sql: Sql, erased: Exclude<Subject, { kind: 'session' }>): Promise<void> {
	const open = await sql<{ id: string; subject: unknown }[]>`
		select id, subject from data_requests where subject is not null`;
	for (const { id, subject } of open) {
		const asked = Subject.parse(subject);
		if (asked.kind !== 'customer' || lowerAscii(asked.shopDomain) !== lowerAscii(erased.shopDomain)) continue;
		const names = new Set(namesOf(asked.customer));
		if (erased.kind === 'shop' || namesOf(erased.customer).some((name) => names.has(name))) {
			await sql`update data_requests set subject = null where id = ${id}`;
		}
	}
}
