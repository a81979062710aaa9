/** `npm run simulate`: shoppers beside a running server, or a history in its database. Wiring only. */
import { randomBytes } from 'node:crypto';
import { migrate } from '../lib/server/db/migrate';
import { writeHistory, type Database } from './history';
import { untilInterrupted } from './interrupt';
import { runLive } from './live';
import { readOptions, USAGE } from './options';
import type { Output } from './progress';

export interface Surroundings {
	/** Where the server is, unless the arguments say otherwise. */
	endpoint: string;
	output: Output;
	/** Opens the database, does the work, and closes it. */
	withDatabase: (work: (database: Database) => Promise<number>) => Promise<number>;
}

/** Does what the arguments ask for; returns the exit code. */
export async function simulate(args: string[], { endpoint, output, withDatabase }: Surroundings): Promise<number> {
	const wish = readOptions(args, endpoint, randomBytes(4).toString('hex'));
	if (wish.kind === 'help') {
		output.write(USAGE);
		return 0;
	}
	if (wish.kind === 'fault') {
		process.stderr.write(`${wish.message}\n`);
		return 1;
	}
	return untilInterrupted(async (signal) => {
		if (wish.kind === 'live') {
			const summary = await runLive(wish, output, signal);
			if (typeof summary === 'string') {
				process.stderr.write(`${summary}\n`);
				return 1;
			}
			output.write(`\n${summary.text()}\n`);
			return 0;
		}
		return withDatabase(async (database) => {
			await migrate(database.sql);
			const summary = await writeHistory(wish, database, output, signal);
			if (signal.aborted) output.write(`Interrupted. The same command with --seed ${wish.seed} goes on.\n`);
			output.write(`\n${summary.text()}\n`);
			return 0;
		});
	});
}
