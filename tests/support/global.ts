/**
 * One real PostgreSQL server a test run, with a migrated template database that every test file clones. In a directory
 * of its own that is gone afterwards; flushes are off, because nothing here must survive a power cut.
 */
import { mkdtemp, rm } from 'node:fs/promises';
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

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
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
		await rm(dataDir, { recursive: true, force: true });
	};
}
