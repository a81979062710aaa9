/** `npm run cli -- retention`: drops months that are older than what is kept, as the server does once a day. */
import { parseArgs } from 'node:util';
import { migrate } from '../lib/server/db/migrate';
import type { Sql } from '../lib/server/db/connect';
import { retain } from '../lib/server/months/retention';
import type { Output } from '../simulate/progress';

const USAGE = `Usage: npm run cli -- retention [--dry-run]

  --dry-run   says what would be dropped, and drops nothing

RETENTION_MONTHS says how many months before the current one are kept (0: all). A month is dropped from the log when the
archive has all of its events; what was counted from them stays. "backfill" brings a month back.
`;

export interface RetentionSurroundings {
	keepMonths: number;
	report: Output;
	progress: Output;
	withDatabase: (work: (sql: Sql, url: string) => Promise<number>) => Promise<number>;
}

/** Does what the arguments ask for; returns the exit code. */
export async function retention(args: string[], surroundings: RetentionSurroundings): Promise<number> {
	const { keepMonths, report, progress, withDatabase } = surroundings;
	const { values } = parseArgs({
		args,
		options: { 'dry-run': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } }
	});
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	if (keepMonths === 0) {
		report.write('RETENTION_MONTHS is 0: all months are kept.\n');
		return 0;
	}
	const dryRun = values['dry-run'];
	return withDatabase(async (sql, url) => {
		await migrate(sql);
		const old = await retain(url, { keepMonths, now: Date.now(), dryRun });
		if (old === 'busy') {
			progress.write('Another program drops months or rebuilds tables just now. Try again later.\n');
			return 1;
		}
		for (const { month, keptBecause, took } of old) {
			const dropped =
				took === null
					? 'would be dropped'
					: `was dropped in ${seconds(took.allMs)} s, of which it waited ${seconds(took.waitedMs)} s for others`;
			report.write(`${month} ${keptBecause === null ? `${dropped}: the archive has it` : `stays: ${keptBecause}`}.\n`);
		}
		if (old.length === 0) report.write(`The log has no month that is older than the ${keepMonths} that are kept.\n`);
		return 0;
	});
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
