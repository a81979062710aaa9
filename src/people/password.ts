/** `npm run cli -- password`: what to set ADMIN_PASSWORD to, so that the settings do not hold the password itself. */
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { passwordFault, passwordHash } from '../lib/server/access/passwords';
import type { Output } from '../simulate/progress';

/** Reads a password, twice where somebody types it, and says its hash; returns the exit code. */
export async function password({ report, progress }: { report: Output; progress: Output }): Promise<number> {
	const [first, again] = process.stdin.isTTY ? await typed(progress) : await piped();
	const fault = passwordFault(first, again);
	if (fault !== null) {
		progress.write(`${fault}\n`);
		return 1;
	}
	report.write(`${await passwordHash(first)}\n`);
	return 0;
}

/** The first line. */
async function piped(): Promise<[string, string]> {
	const [line = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
	return [line, line];
}

async function typed(progress: Output): Promise<[string, string]> {
	const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
	// What is typed goes nowhere: a terminal would show and keep it.
	const asking = createInterface({ input: process.stdin, output: silent, terminal: true });
	asking.once('SIGINT', () => process.exit(130));
	try {
		progress.write('Password: ');
		const first = await asking.question('');
		progress.write('\nOnce more: ');
		const again = await asking.question('');
		progress.write('\n');
		return [first, again];
	} finally {
		asking.close();
	}
}
