/**
 * What shipping to the archive costs ingest: the product twice, one as it is, one whose shipper finds the ledger locked and
 * so groups, reads and writes nothing. In turn: as many events as go through, and how long requests take at a steady rate.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { openStore } from '../../src/lib/server/archive/store';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { machine, median, quantile, spread, table } from './figures';
import { load } from './ingest';
import { runLoad } from './load';
import { openStage, type Contender } from './stage';

const RATE = 500;
const OBJECT_BYTES = 4 * 1024 * 1024;
const WARM_UP_S = 3;
const log = { warn: (line: string) => process.stderr.write(`${line}\n`) };

type Mode = 'ships' | 'does not';

/** Of a round. */
interface Measured {
	eventsPerSecond: number;
	/** Milliseconds of requests at the steady rate. */
	p50: number;
	p99: number;
	failed: number;
}

export async function benchShipping({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
	const stage = await openStage();
	const folder = await mkdtemp(path.join(os.tmpdir(), 'control-room-bench-archive-'));
	try {
		const settings = { ARCHIVE_URL: pathToFileURL(folder).href };
		const shipping = await stage.database('shipping');
		const still = await stage.database('still');
		const lock = await lockLedger(still.url);
		const contenders: Record<Mode, Contender> = {
			ships: await stage.product(shipping.url, settings),
			'does not': await stage.product(still.url, settings)
		};
		const modes: Mode[] = ['ships', 'does not'];
		const measured: Record<Mode, Measured[]> = { ships: [], 'does not': [] };
		const store = await openStore({ kind: 'folder', folder });
		/** What is left of one part, unshipped or not yet written to the tables' files, is no cost of the next. */
		const drain = async () => {
			await shipEverything({ sql: shipping.sql, store, log }, OBJECT_BYTES, () => undefined);
			await stage.superuser`checkpoint`;
		};
		for (const mode of modes) await load(contenders[mode].address, 100, 32, WARM_UP_S);
		await drain();
		for (let round = 0; round < rounds; round++) {
			for (const mode of round % 2 === 0 ? modes : [...modes].reverse()) {
				const one = await measure(contenders[mode], seconds, drain);
				measured[mode].push(one);
				process.stderr.write(`round ${round + 1}, ${mode}: ${JSON.stringify(one)}\n`);
				await drain();
			}
		}
		const shipped = await shippedBy(shipping.sql);
		if ((await shippedBy(still.sql)).objects > 0) throw new Error('something was shipped that should not have been');
		await lock.end();
		process.stdout.write(`${report(measured, shipped, { rounds, seconds })}\n`);
	} finally {
		await stage.close();
		await rm(folder, { recursive: true, force: true });
	}
}

/** For as long as the connection lives. It can still be read, by pages. */
async function lockLedger(url: string): Promise<Sql> {
	const sql = connect({ url, application: 'bench', max: 1 });
	await sql.unsafe('begin; lock table archive_objects in exclusive mode');
	return sql;
}

async function measure({ address }: Contender, seconds: number, drain: () => Promise<void>): Promise<Measured> {
	const most = await load(address, 100, 32, seconds);
	await drain();
	const took: number[] = [];
	const until = performance.now() + seconds * 1000;
	const steady = await runLoad({
		address,
		rate: RATE,
		goesOn: () => performance.now() < until,
		onAnswer: (_, ms) => took.push(ms)
	});
	return {
		eventsPerSecond: most.eventsPerSecond,
		p50: quantile(took, 0.5),
		p99: quantile(took, 0.99),
		failed: most.failed + steady.failed
	};
}

interface Shipped {
	objects: number;
	events: number;
	bytes: number;
}

async function shippedBy(sql: Sql): Promise<Shipped> {
	const [row] = await sql<Shipped[]>`
		select count(*)::int as objects, coalesce(sum(events), 0)::float8 as events, coalesce(sum(bytes), 0)::float8 as bytes
		from archive_objects where state = 'shipped'`;
	return row ?? { objects: 0, events: 0, bytes: 0 };
}

function report(
	measured: Record<Mode, Measured[]>,
	{ objects, events, bytes }: Shipped,
	{ rounds, seconds }: { rounds: number; seconds: number }
): string {
	const all = (mode: Mode, figure: keyof Measured) => measured[mode].map((one) => one[figure]);
	const row = (mode: Mode) => [
		mode,
		spread(all(mode, 'eventsPerSecond')),
		spread(all(mode, 'p50'), 1),
		spread(all(mode, 'p99'), 1),
		String(all(mode, 'failed').reduce((sum, failed) => sum + failed, 0))
	];
	const ratio = (figure: 'eventsPerSecond' | 'p50' | 'p99') => {
		const still = all('does not', figure);
		return spread(
			all('ships', figure).map((value, round) => value / (still[round] ?? NaN)),
			2
		);
	};
	return [
		`npm run bench -- shipping --rounds ${rounds} --seconds ${seconds}`,
		machine(),
		`Load average now ${os.loadavg()[0]?.toFixed(1)}. Shipped: ${events.toLocaleString('en')} events in ${objects} objects, ${(bytes / 2 ** 20).toFixed(0)} MiB.`,
		`Medians of ${rounds} rounds (smallest to largest); the last line is of each round's two.`,
		'',
		table(
			['the shipper', 'events/s (100 a request, 32 connections)', `p50 ms at ${RATE} events/s`, 'p99 ms', 'failed'],
			[row('ships'), row('does not'), ['ratio', ratio('eventsPerSecond'), ratio('p50'), ratio('p99'), '']]
		),
		'',
		`At the median, shipping takes ${((1 - median(all('ships', 'eventsPerSecond')) / median(all('does not', 'eventsPerSecond'))) * 100).toFixed(1)} % of the events that go through.`
	].join('\n');
}
