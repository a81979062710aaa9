/**
 * One real PostgreSQL server a test run, with a migrated template database that every test file clones. In a directory
 * of its own that is gone afterwards; flushes are off, because nothing here must survive a power cut.
 *
 * All temporary folders of a run lie in memory where that is large enough: a clone is hundreds of files, which are made
 * and removed there at a tenth of the cost.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/lib/server/db/connect';
import { startEmbedded } from '../../src/lib/server/db/embedded';
import { migrate } from '../../src/lib/server/db/migrate';

declare module 'vitest' {
	interface ProvidedContext {
		/** The URL of the test server's template database. */
		templateUrl: string;
		/** The URL of its superuser's database. */
		superuserUrl: string;
	}
}

const TEMPLATE = 'template_control_room';

/** What a run may need. */
const ENOUGH_BYTES = 6 * 2 ** 30;
const MEMORY = '/dev/shm';

/** A folder in memory; null where there is not enough of it, or where no program runs from it. */
async function folderInMemory(): Promise<string | null> {
	try {
		const { bavail, bsize } = await statfs(MEMORY);
		if (Math.min(bavail * bsize, os.freemem()) < ENOUGH_BYTES) return null;
		const folder = await mkdtemp(path.join(MEMORY, 'control-room-tests-'));
		try {
			// PostgreSQL runs as another user where tests are root.
			await chmod(folder, 0o755);
			await writeFile(path.join(folder, 'program'), '#!/bin/sh\n', { mode: 0o755 });
			execFileSync(path.join(folder, 'program'));
			return folder;
		} catch {
			await rm(folder, { recursive: true });
			return null;
		}
	} catch {
		return null;
	}
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
	const inMemory = await folderInMemory();
	// Workers and what they start inherit it.
	if (inMemory !== null) process.env['TMPDIR'] = inMemory;
	const dataDir = await mkdtemp(path.join(os.tmpdir(), 'control-room-test-'));
	const server = await startEmbedded({ dataDir, exclusive: true, durable: false });
	const superuser = connect({ url: server.superuserUrl, application: 'tests', max: 1 });
	// The app's role has no such right; tests make their databases with it.
	await superuser`alter role control_room createdb`;
	await superuser.end();

	const app = connect({ url: server.url, application: 'tests', max: 1 });
	await app.unsafe(`create database ${TEMPLATE}`);
	await app.end();
	const templateUrl = Object.assign(new URL(server.url), { pathname: `/${TEMPLATE}` }).href;
	const template = connect({ url: templateUrl, application: 'tests', max: 1 });
	await migrate(template);
	// A database with connections cannot be cloned.
	await template.end();

	project.provide('templateUrl', templateUrl);
	project.provide('superuserUrl', server.superuserUrl);
	return async () => {
		await server.stop();
		await rm(inMemory ?? dataDir, { recursive: true, force: true });
	};
}
