/** A data directory for processes that a test kills, and the embedded PostgreSQL that such a process leaves behind. */
import { onTestFinished } from 'vitest';
import { processes } from '../../src/lib/server/db/processes';
import { postmasterOf } from './embedded-process';
import { temporaryFolder } from './process';

/** A data directory in a new folder. After the test its server is ended, whoever has left it, and then it is gone. */
export async function temporaryDataDir(): Promise<string> {
	const dataDir = `${await temporaryFolder()}/data`;
	onTestFinished(async () => {
		// There is none where its process has ended as it should.
		if ((await postmasterOf(dataDir)) !== undefined) await signalPostgres(dataDir, 'SIGKILL');
	});
	return dataDir;
}

/**
 * Sends a signal to the server on a data directory and to all its processes: SIGKILL, or SIGSTOP for one that hangs and
 * SIGCONT for its end.
 */
export async function signalPostgres(dataDir: string, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
	const postmaster = await postmasterOf(dataDir);
	if (postmaster === undefined) throw new Error(`no server runs on ${dataDir}`);
	const backends = (await processes()).filter(({ parent }) => parent === postmaster);
	for (const pid of [postmaster, ...backends.map((backend) => backend.pid)]) {
		try {
			process.kill(pid, signal);
		} catch {
			// It ended by itself in this moment.
		}
	}
}
