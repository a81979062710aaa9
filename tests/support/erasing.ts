/** What an erasure is tried on: a database, a committer and an archive of each test's own, and all that is said meanwhile. */
import { afterEach, beforeEach, expect } from 'vitest';
import { runHere } from '../../src/lib/server/archive/backfill-runner';
import type { Wish } from '../../src/lib/server/archive/backfill-jobs';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { Committer } from '../../src/lib/server/commit/committer';
import { verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { workAtErasure } from '../../src/lib/server/forget/job';
import { readErasure, requestErasure } from '../../src/lib/server/forget/ledger';
import type { Subject } from '../../src/lib/server/forget/subject';
import { folderArchive, sameStore } from './archive';
import { testDatabase, type TestDatabase } from './database';
import { batch } from './events';
import { placesNaming } from './forgetting';

const ALL: Wish = { from: 0, to: Date.UTC(2100, 0, 1), prefix: '', dryRun: false };
export const NEVER = new AbortController().signal;
/** Who is forgotten, and who stays. */
export const SESSION = 'sess_forgetme_9f2k1c';
export const OTHER = 'sess_stays_77aa';
export const SHOP = 'forget-this-shop.myshopify.com';
export const STAYS = 'stays.myshopify.com';

/** Made anew for each test of a file. Call it at the top of the file. @param objectBytes of an object of the archive at most */
export function useErasing(objectBytes: number) {
	let database: TestDatabase;
	let writer: Committer;
	let archive: Awaited<ReturnType<typeof folderArchive>>;
	const said: string[] = [];
	const log = {
		info: (fields: object, message: string) => void said.push(JSON.stringify(fields) + message),
		warn: (fields: object | string, message = '') => void said.push(JSON.stringify(fields) + message),
		error: (message: string) => void said.push(message)
	};
	beforeEach(async () => {
		database = await testDatabase();
		archive = await folderArchive();
		const queue = { maxEvents: 1e6, maxSize: 1e9 };
		writer = new Committer({ url: database.url, lanes: 1, queue, stallMs: 20_000, log });
	});
	afterEach(async () => {
		await writer.stop();
		await database.drop();
	});
	return {
		log,
		/** What was logged in this file. */
		said,
		get database() {
			return database;
		},
		get archive() {
			return archive;
		},
		get writer() {
			return writer;
		},
		async commit(...events: LogEvent[]) {
			const outcome = await writer.commit(batch(events), Date.now() + 20_000);
			if ('code' in outcome) throw new Error(outcome.message);
			return outcome;
		},
		ship: () => shipEverything({ sql: database.sql, store: archive, log }, objectBytes, () => undefined),
		async backfill() {
			expect(await runHere({ url: database.url, sql: database.sql, store: archive, log }, ALL, NEVER)).toBe('done');
		},
		async erase(subject: Subject, store = sameStore(archive)) {
			const { id } = await requestErasure(database.sql, subject, 'operator');
			await workAtErasure({ sql: database.sql, store, log }, NEVER, id);
			const erasure = await readErasure(database.sql, id);
			expect(erasure).toMatchObject({ step: 'done', fault: null });
			return erasure;
		},
		/** Where a text is still found. */
		placesOf: (text: string) => placesNaming(text, database.sql, archive.folder, said.join('\n')),
		/** What is folded is what the log says. */
		async expectVerified() {
			const differences = await verify(database.sql);
			expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
		}
	};
}
