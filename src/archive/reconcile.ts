/** `npm run cli -- reconcile`: compares log and archive, and names what differs. Exit code 1 when something does. */
import { parseArgs } from 'node:util';
import { readWish } from '../lib/server/archive/backfill-wish';
import { isAlike, reconcile, type Reconciliation } from '../lib/server/archive/reconcile';
import { keepResult } from '../lib/server/archive/reconcile-daily';
import { migrate } from '../lib/server/db/migrate';
import { count, counted } from '../lib/ui/format';
import { untilInterrupted } from '../simulate/interrupt';
import { progressOn } from '../simulate/progress';
import type { ArchiveSurroundings } from './backfill';

const USAGE = `Usage: npm run cli -- reconcile --from 2026-01-09 --to 2026-01-09 [--json]

  --from, --to   a time, or a date (UTC; as an end it includes its day): events by the time the server received them
  --json         the whole result as JSON

Exit code 0: log and archive have the same events. 1: they have not.
`;

/** Does what the arguments ask for; returns the exit code. */
export async function reconcileCommand(
	args: string[],
	{ report, progress, withArchive }: ArchiveSurroundings
): Promise<number> {
	const { values } = parseArgs({
		args,
		options: {
			from: { type: 'string' },
			to: { type: 'string' },
			json: { type: 'boolean' },
			help: { type: 'boolean', short: 'h' }
		}
	});
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	const wish = readWish({ from: values.from, to: values.to });
	if (typeof wish === 'string') {
		progress.write(`${wish}\n\n${USAGE}`);
		return 1;
	}
	return untilInterrupted((signal) =>
		withArchive(async (sql, _, store) => {
			await migrate(sql);
			const bar = progressOn(progress);
			const patience = { signal, onFault: (fault: string | null) => fault && progress.write(`\n${fault}\n`) };
			const onProgress = (share: number, events: number) => bar.at(share, events);
			const result = await reconcile({ sql, store, patience, onProgress }, wish.from, wish.to);
			bar.end();
			await keepResult(sql, result);
			report.write(values.json ? `${JSON.stringify(result)}\n` : told(result));
			return isAlike(result) ? 0 : 1;
		})
	);
}

function told(result: Reconciliation): string {
	const iso = (time: number) => new Date(time).toISOString();
	const lines = result.hours.map(({ at, log, archive, state }) => {
		const what = state === 'alike' ? 'alike  ' : state === 'dropped' ? 'dropped' : 'DIFFERS';
		return `${what}  ${iso(at).slice(0, 13)}h  log ${count(log.events)} (${log.sum}), archive ${count(archive.events)} (${archive.sum})`;
	});
	for (const { what, shop, id, serverTime } of result.examples) {
		lines.push(
			`  ${what}: event ${JSON.stringify(id)} of ${shop === null ? 'no shop' : JSON.stringify(shop)}, ${iso(serverTime)}`
		);
	}
	if (result.differences > result.examples.length)
		lines.push(`  and ${count(result.differences - result.examples.length)} more`);
	for (const { name, reason } of result.damaged) lines.push(`  damaged: ${name}: ${reason}`);
	for (const month of result.droppedMonths) lines.push(`${month} is not in the log any more.`);
	if (result.waiting > 0) lines.push(`Waiting to be shipped: ${counted(result.waiting, 'events')}.`);
	if (result.repeated > 0)
		lines.push(`More than once in the archive, as clients sent them: ${counted(result.repeated, 'events')}.`);
	lines.push(
		isAlike(result)
			? 'Log and archive have the same events.'
			: `Log and archive differ: ${counted(result.differences, 'events')}, ${counted(result.damaged.length, 'damaged objects')}.`
	);
	return `${lines.join('\n')}\n`;
}
