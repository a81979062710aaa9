/** For tests of forgetting: a session's story, and a search for a text in all that is kept, byte by byte. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import type { Sql } from '../../src/lib/server/db/connect';
import { event, T0 } from './events';

/** A session's events of all kinds, in this shop. */
export function story(sessionId: string, shopDomain: string, at: number, more: object = {}): LogEvent[] {
	const one = (type: string, after: number, data: object) =>
		event(type, {
			sessionId,
			shopDomain,
			clientTime: T0 + at + after,
			serverTime: T0 + at + after,
			ip: '203.0.113.9',
			userAgent: 'Mozilla/5.0',
			data: { ...data, ...more }
		});
	return [
		one('session_started', 0, { productTitle: `Chair of ${shopDomain}`, productId: 'p1' }),
		one('step_update', 1000, { step: 'mask', status: 'completed' }),
		one('ai_request', 2000, { requestId: 'r1', status: 'pending', costUsd: 0.01, provider: 'fal' }),
		one('ai_request', 3000, { requestId: 'r1', status: 'success', costUsd: 0.02, provider: 'fal' }),
		one('error', 4000, { errorCode: 'E1', errorMessage: `broken in ${sessionId}` }),
		one('session_ended', 5000, { status: 'completed', abandonmentStep: `left ${sessionId}` })
	];
}

/** Every column of every table as text, what the planner has sampled of them, every object, and what was logged. */
async function everything(sql: Sql, folder: string, said: string): Promise<Map<string, string>> {
	const all = new Map<string, string>();
	const tables = await sql<{ name: string }[]>`
		select relname as name from pg_class
		where relkind in ('r', 'p') and not relispartition and relnamespace = current_schema()::regnamespace`;
	for (const { name } of tables) {
		const rows = await sql.unsafe<{ row: string; bytes: string }[]>(
			`select row_to_json(t)::text as row, t::text as bytes from "${name}" as t`
		);
		// bytea is shown in hex.
		const text = rows.map(({ row, bytes }) => `${row}\n${bytes}`).join('\n');
		const hex = [...text.matchAll(/\\+x((?:[0-9a-f]{2})+)/g)].map(([, digits = '']) =>
			Buffer.from(digits, 'hex').toString('latin1')
		);
		all.set(name, `${text}\n${hex.join('\n')}`);
	}
	const samples = await sql<{ sample: string }[]>`
		select concat_ws(' ', tablename, attname, most_common_vals::text, histogram_bounds::text, most_common_elems::text) as sample
		from pg_stats where schemaname = current_schema()`;
	all.set('what the planner knows', samples.map(({ sample }) => sample).join('\n'));
	const files = await readdir(folder, { recursive: true, withFileTypes: true });
	for (const file of files.filter((one) => one.isFile())) {
		const path = join(file.parentPath, file.name);
		all.set(path, `${path}\n${await readFile(path, 'latin1')}`);
	}
	all.set('log', said);
	return all;
}

/** Where a text is found, in any spelling: in which table, object, in the planner's samples, or in what was logged. */
export async function placesNaming(text: string, sql: Sql, folder: string, said: string): Promise<string[]> {
	const all = await everything(sql, folder, said);
	return [...all].filter(([, bytes]) => bytes.toLowerCase().includes(text.toLowerCase())).map(([place]) => place);
}
