/** `npm run cli -- backfill`: brings events back from the archive here and now, with a bar. Ctrl-C pauses. */
import { parseArgs } from 'node:util';
import { AT_THE_COMMAND_LINE, note } from '../lib/server/access/audit';
import { listJobs, type Job } from '../lib/server/archive/backfill-jobs';
import { runHere } from '../lib/server/archive/backfill-runner';
import { readWish } from '../lib/server/archive/backfill-wish';
import type { ObjectStore } from '../lib/server/archive/store';
import type { Sql } from '../lib/server/db/connect';
import { migrate } from '../lib/server/db/migrate';
import { count, counted } from '../lib/ui/format';
import { untilInterrupted } from '../simulate/interrupt';
import { progressOn, type Output } from '../simulate/progress';

const USAGE = `Usage: npm run cli -- backfill --from 2026-01-01 --to 2026-01-31 [options]

  --from, --to   a time, or a date (UTC; as an end it includes its day): which objects, by the times in their names
  --prefix       only those whose names begin so: analytics/events/2026/01/
  --dry-run      reads and counts, and writes nothing

Ctrl-C pauses it; the same command goes on. What is known already stays as it is.
`;

export interface ArchiveSurroundings {
	report: Output;
	progress: Output;
	/** Opens database and archive, does the work, and closes them. */
	withArchive: (work: (sql: Sql, url: string, store: ObjectStore) => Promise<number>) => Promise<number>;
}

/** Does what the arguments ask for; returns the exit code. */
export async function backfill(
	args: string[],
	{ report, progress, withArchive }: ArchiveSurroundings
): Promise<number> {
	const { values } = parseArgs({
		args,
		options: {
			from: { type: 'string' },
			to: { type: 'string' },
			prefix: { type: 'string' },
			'dry-run': { type: 'boolean' },
			help: { type: 'boolean', short: 'h' }
		}
	});
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	const { from, to, prefix = '', 'dry-run': dryRun = false } = values;
	const wish = readWish({ from, to, prefix, dryRun });
	if (typeof wish === 'string') {
		progress.write(`${wish}\n\n${USAGE}`);
		return 1;
	}
	return untilInterrupted((signal) =>
		withArchive(async (sql, url, store) => {
			await migrate(sql);
			const bar = progressOn(progress);
			const line = (text: string) => progress.write(`\n${text}\n`);
			const latest: { job: Job | null; fault: string | null } = { job: null, fault: null };
			const onProgress = (job: Job): void => {
				latest.job = job;
				bar.at(shareOf(job), job.events);
			};
			const outcome = await runHere({ url, sql, store, log: { warn: line, error: line }, onProgress }, wish, signal);
			bar.end();
			if (outcome === 'busy') {
				const running = (await listJobs(sql, 20)).find(({ state }) => state === 'running');
				progress.write(`Another backfill is under way${running ? `: job ${running.id}, by the ${running.runner ?? 'server'}` : ''}. It can be paused on the page /backfill.\n`); // prettier-ignore
				return 1;
			}
			if (latest.job) {
				await note(sql, AT_THE_COMMAND_LINE, { action: 'backfill.started', object: `job ${latest.job.id}` });
				report.write(`${told(latest.job)}\n`);
			}
			if (outcome === 'paused') progress.write('Paused. The same command goes on.\n');
			if (outcome === 'steered') progress.write('Somebody else has paused or cancelled it.\n');
			return outcome === 'done' ? 0 : 130;
		})
	);
}

/** How much of it is done, 0 to 1; by time as long as the objects are not counted. */
function shareOf({ objects, objectsTotal }: Job): number {
	return objectsTotal === null ? 0 : objectsTotal === 0 ? 1 : objects / objectsTotal;
}

function told({ id, dryRun, objects, events, newEvents, knownEvents, rejected, damaged }: Job): string {
	return (
		`Job ${id}${dryRun ? ' (dry run, nothing was written)' : ''}: ${counted(objects, 'objects')}, ${counted(events, 'events')}: ` +
		`${count(newEvents)} new, ${count(knownEvents)} known, ${count(rejected)} rejected; ${counted(damaged, 'objects')} damaged` +
		`${damaged > 0 ? ' (the page /backfill names them)' : ''}.`
	);
}
