/** A data directory for processes that a test kills, and the embedded PostgreSQL that such a process leaves behind. */
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { endNow, isAlive, processes } from '../../src/lib/server/db/processes';
import { postmasterOf } from './embedded-process';
import { temporaryFolder } from './process';

const STOP_WITHIN_MS = 20_000;

/** A data directory in a new folder. After the test its server is ended, whoever has left it, and then it is gone. */
export async function temporaryDataDir(): Promise<string> {
	const dataDir = `${await temporaryFolder()}/data`;
	onTestFinished(async () => {
		const pid = await postmasterOf(dataDir);
		if (pid === undefined || !isAlive(pid)) return;
		process.kill(pid, 'SIGINT');
		const end = Date.now() + STOP_WITHIN_MS;
		while (isAlive(pid) && Date.now() < end) await pause(20);
		if (isAlive(pid)) endNow(pid);
	});
	return dataDir;
}

/** kill -9 of the server on a data directory, with all its processes. Resolves to the postmaster's id. */
export async function killPostgres(dataDir: string): Promise<number> {
	const pid = await postmasterOf(dataDir);
	if (pid === undefined) throw new Error(`no server runs on ${dataDir}`);
	const backends = (await processes()).filter(({ parent }) => parent === pid);
	endNow(pid);
	for (const backend of backends) endNow(backend.pid);
	return pid;
}
