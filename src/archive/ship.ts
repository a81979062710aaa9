/** `npm run cli -- archive`: ships all that was committed until now, and says what lies where. */
import { parseArgs } from 'node:util';
import { shipEverything } from '../lib/server/archive/shipper';
import type { Sql } from '../lib/server/db/connect';
import { migrate } from '../lib/server/db/migrate';
import { system } from '../lib/server/read/system';
import { counted } from '../lib/ui/format';
import { progressOn } from '../simulate/progress';
import type { ArchiveSurroundings } from './backfill';

const USAGE = `Usage: npm run cli -- archive

Ships all that was committed until now, without waiting until it is enough for an object, and says what lies where.
The server ships by itself; both may run.
`;

/** Does what the arguments ask for; returns the exit code. */
export async function ship(
	args: string[],
	objectBytes: number,
	{ report, progress, withArchive }: ArchiveSurroundings
): Promise<number> {
	const { values } = parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } });
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	return withArchive(async (sql, _url, store) => {
		await migrate(sql);
		const bar = progressOn(progress);
		const { waiting } = await system(sql).archive();
		let shipped = 0;
		let fault: string | null = null;
		try {
			const log = { warn: (message: string) => progress.write(`\n${message}\n`) };
			await shipEverything({ sql, store, log }, objectBytes, (events) => {
				shipped += events;
				bar.at(shipped / Math.max(waiting.events, shipped), shipped);
			});
		} catch (error) {
			fault = error instanceof Error ? error.message : String(error);
		}
		bar.end();
		for (const line of await summary(sql)) report.write(`${line}\n`);
		if (fault === null) return 0;
		progress.write(`Not all could be shipped to ${store.url}: ${fault}\n`);
		return 1;
	});
}

/** What lies where, and what waits. */
async function summary(sql: Sql): Promise<string[]> {
	const stores = await sql<
		{ store: string; objects: number; events: number; bytes: number; first: string; last: string }[]
	>`
		select
			store, count(*)::float8 as objects, sum(events)::float8 as events, sum(bytes)::float8 as bytes,
			min(name) as first, max(name) as last
		from archive_objects
		where name is not null and state = 'shipped'
		group by store
		order by max(shipped_at) desc`;
	const { waiting } = await system(sql).archive();
	return [
		...stores.map(({ store, objects, events, bytes, first, last }) => {
			return `${store}: ${counted(objects, 'objects')} with ${counted(events, 'events')}, ${counted(bytes, 'bytes')}, from ${first} to ${last}`;
		}),
		waiting.commits === 0
			? 'Every commit is in the archive.'
			: `Not in the archive yet: ${counted(waiting.events, 'events')} in ${counted(waiting.commits, 'commits')}.`
	];
}
