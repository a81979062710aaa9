/** What was forgotten of months that have left the log: their events lie in the archive alone, and the sums know them. */
import { expect, it } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import type { Subject } from '../../src/lib/server/forget/subject';
import { retain } from '../../src/lib/server/months/retention';
import { projections } from '../../src/lib/server/projections/index';
import { stateOf } from '../support/archive';
import { testDatabase } from '../support/database';
import { batch, event } from '../support/events';
import { OTHER, SESSION, SHOP, STAYS, useErasing } from '../support/erasing';
import { story } from '../support/forgetting';

const room = useErasing(2_000);
const { log, commit, ship, backfill, erase, placesOf, expectVerified } = room;

/** Every fold but for zeros, as another database has it that was only told these. */
async function expectFoldsOf(events: LogEvent[]): Promise<void> {
	const other = await testDatabase();
	const queue = { maxEvents: 1e6, maxSize: 1e9 };
	const fresh = new Committer({ url: other.url, lanes: 1, queue, stallMs: 20_000, log });
	await fresh.commit(batch(events), Date.now() + 20_000);
	await fresh.stop();
	const [mine, theirs] = [await stateOf(room.database.sql), await stateOf(other.sql)];
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
	expect(await retain(room.database.url, { keepMonths: 1, now: Date.now(), dryRun: false })).toMatchObject([
		{ keptBecause: null }
	]);
	await erase(subject);
	await expectFoldsOf(rest);
	expect(await placesOf(subject.kind === 'shop' ? SHOP : SESSION)).toEqual([]);
	expect(await room.database.sql`select events::int from log_months`).toEqual([{ events: rest.length }]);
	await backfill();
	await expectVerified();
	await expectFoldsOf(rest);
});
