/** What was forgotten of months that have left the log: their events lie in the archive alone, and the sums know them. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runHere } from '../../src/lib/server/archive/backfill-runner';
import type { Wish } from '../../src/lib/server/archive/backfill-jobs';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { Committer } from '../../src/lib/server/commit/committer';
import { verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { workAtErasure } from '../../src/lib/server/forget/job';
import { readErasure, requestErasure } from '../../src/lib/server/forget/ledger';
import type { Subject } from '../../src/lib/server/forget/subject';
import { retain } from '../../src/lib/server/months/retention';
import { projections } from '../../src/lib/server/projections/index';
import { folderArchive, stateOf } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event } from '../support/events';
import { placesNaming, story } from '../support/forgetting';

const ALL: Wish = { from: 0, to: Date.UTC(2100, 0, 1), prefix: '', dryRun: false };
const NEVER = new AbortController().signal;
const SESSION = 'sess_forgetme_9f2k1c';
const OTHER = 'sess_stays_77aa';
const SHOP = 'forget-this-shop.myshopify.com';
const STAYS = 'stays.myshopify.com';

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

async function commit(...events: LogEvent[]) {
	const outcome = await writer.commit(batch(events), Date.now() + 20_000);
	if ('code' in outcome) throw new Error(outcome.message);
	return outcome;
}

const ship = () => shipEverything({ sql: database.sql, store: archive, log }, 2_000, () => undefined);
const backfill = async () => {
	expect(await runHere({ url: database.url, sql: database.sql, store: archive, log }, ALL, NEVER)).toBe('done');
};

async function erase(subject: Subject) {
	const { id } = await requestErasure(database.sql, subject, 'operator');
	await workAtErasure({ sql: database.sql, store: archive, log }, NEVER, id);
	const erasure = await readErasure(database.sql, id);
	expect(erasure).toMatchObject({ step: 'done', fault: null });
	return erasure;
}

const placesOf = (text: string) => placesNaming(text, database.sql, archive.folder, said.join('\n'));

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

/** Every fold but for zeros, as another database has it that was only told these. */
async function expectFoldsOf(events: LogEvent[]): Promise<void> {
	const other = await testDatabase();
	const queue = { maxEvents: 1e6, maxSize: 1e9 };
	const fresh = new Committer({ url: other.url, lanes: 1, queue, stallMs: 20_000, log });
	await fresh.commit(batch(events), Date.now() + 20_000);
	await fresh.stop();
	const [mine, theirs] = [await stateOf(database.sql), await stateOf(other.sql)];
	for (const { table } of projections) expect(mine[table], table).toEqual(theirs[table]);
	await other.drop();
}

it.each<[string, Subject, LogEvent[]]>([
	['a session', { kind: 'session', sessionId: SESSION }, story(OTHER, STAYS, 60_000)],
	['a shop', { kind: 'shop', shopDomain: SHOP }, [...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000)]]
])('%s that lies in the archive alone is taken out of all sums too', async (_, subject, stays) => {
	const ofShop = [
		...story('sess_of_shop', SHOP, 10_000),
		event('setup_started', { sessionId: null, shopDomain: SHOP, data: { productId: 'p9' } }),
		event('ai_request', {
			sessionId: null,
			shopDomain: SHOP,
			data: { requestId: 'x', costUsd: 1, status: 'success' }
		})
	];
	const all = [...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000), ...ofShop];
	const rest = subject.kind === 'shop' ? stays : [...stays, ...ofShop];
	await commit(...all);
	await ship();
	expect(await retain(database.url, { keepMonths: 1, now: Date.now(), dryRun: false })).toMatchObject([
		{ keptBecause: null }
	]);
	await erase(subject);
	await expectFoldsOf(rest);
	expect(await placesOf(subject.kind === 'shop' ? SHOP : SESSION)).toEqual([]);
	expect(await database.sql`select events::int from log_months`).toEqual([{ events: rest.length }]);
	await backfill();
	await expectVerified();
	await expectFoldsOf(rest);
});
