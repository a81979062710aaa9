/**
 * Events per second that are acknowledged after a durable commit: the product beside (a) a plain handler that does the
 * same writes in one transaction an event, and (b) Postgres' own ceiling, the same rows by COPY into the same indexed
 * log. All in one run, in turn, each round anew; the load generator shares the machine.
 */
import autocannon from 'autocannon';
import { parseBatch } from '../../src/lib/server/ingest/parse';
import type { Sql } from '../../src/lib/server/db/connect';
import { machine, median, spread, table } from './figures';
import { batches } from './shoppers';
import { openStage } from './stage';

const SIZES = [1, 10, 100];
const CONNECTIONS = [1, 32, 128];
const COPY_ROWS = 20_000;
const FORESEEN_EVENTS_PER_S = 25_000;

interface Measured {
	eventsPerSecond: number;
	acknowledged: number;
	failed: number;
	p50: number;
	p99: number;
}

export async function benchIngest(options: { rounds: number; seconds: number }): Promise<void> {
	const stage = await openStage();
	try {
		const ours = await stage.database('ours');
		const plain = await stage.database('plain');
		const ceiling = await stage.database('ceiling');
		const product = await stage.product(ours.url);
		const handler = await stage.role('plain-server', [plain.url]);
		await load(product.address, 100, 32, 2);
		await load(handler.address, 10, 32, 2);

		const results = new Map<string, Measured[]>();
		const copies: number[] = [];
		for (let round = 0; round < options.rounds; round++) {
			copies.push(await copyRows(ceiling.sql));
			for (const size of SIZES) {
				for (const connections of CONNECTIONS) {
					for (const [name, target] of [
						['ours', product],
						['plain', handler]
					] as const) {
						const measured = await load(target.address, size, connections, options.seconds);
						if (name === 'plain') await untilIdle(target.address);
						const key = `${name} ${size} ${connections}`;
						results.set(key, [...(results.get(key) ?? []), measured]);
						process.stderr.write(`round ${round + 1}: ${key}: ${Math.round(measured.eventsPerSecond)} events/s\n`);
					}
				}
			}
		}
		process.stdout.write(`${report(results, copies, options)}\n`);
		process.stdout.write(`${await check(ours.sql, results)}\n`);
	} finally {
		await stage.close();
	}
}

/** Headers by which a request says for whom it comes. */
export type Prove = (body: string) => Record<string, string>;

/** Sends for some seconds, each connection one request after the other. */
export async function load(
	address: string,
	size: number,
	connections: number,
	seconds: number,
	prove: Prove = () => ({})
): Promise<Measured> {
	const bodies = bodiesOf(size, seconds);
	const result = await autocannon({
		url: `${address}/api/analytics/events`,
		connections,
		duration: seconds,
		requests: [
			{
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				setupRequest: (request) => {
					const body = bodies();
					return { ...request, body, headers: { ...request.headers, ...prove(body) } };
				}
			}
		]
	});
	const acknowledged = result['2xx'] * size;
	return {
		eventsPerSecond: acknowledged / result.duration,
		acknowledged,
		failed: result.non2xx + result.errors,
		p50: result.latency.p50,
		p99: result.latency.p99
	};
}

/** Made before the measurement as far as can be foreseen: what shoppers compute is not the server's cost. */
function bodiesOf(size: number, seconds: number): () => string {
	const source = batches(size);
	const make = () => JSON.stringify({ events: source.next().value });
	const ready: string[] = [];
	for (let events = 0; events < FORESEEN_EVENTS_PER_S * seconds; events += size) ready.push(make());
	return () => ready.pop() ?? make();
}

/** The plain handler goes on with what it has accepted long after its clients have left. */
async function untilIdle(address: string): Promise<void> {
	while ((await (await fetch(address)).text()) !== '0') await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Rows per second of one COPY into the log with all its indexes. */
async function copyRows(sql: Sql): Promise<number> {
	const source = batches(1000);
	const lines: string[] = [];
	while (lines.length < COPY_ROWS) {
		const text = JSON.stringify(source.next().value);
		const parsed = parseBatch(JSON.parse(text), text, { userAgent: 'bench', ip: '127.0.0.1' }, Date.now());
		if ('code' in parsed) throw new Error(parsed.message);
		for (const { json } of parsed.batch.events) lines.push(copyLine(JSON.parse(json) as Record<string, unknown>));
	}
	const started = performance.now();
	const sink = await sql`
		copy analytics_events (
			id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp,
			user_agent, ip, clock_shift_ms, commit_id
		) from stdin`.writable();
	await new Promise<void>((resolve, reject) => {
		sink.once('finish', resolve).once('error', reject);
		sink.end(lines.join(''));
	});
	return (lines.length / (performance.now() - started)) * 1000;
}

function copyLine(row: Record<string, unknown>): string {
	const columns = ['id', 'type', 'session', 'shop', 'data', 'device', 'client', 'server', 'agent', 'ip', 'shift'];
	const cells = columns.map((column) => {
		const value = row[column];
		if (value === null || value === undefined) return '\\N';
		const text = typeof value === 'string' ? value : JSON.stringify(value);
		return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
	});
	return `${cells.join('\t')}\t1\n`;
}

function report(
	results: Map<string, Measured[]>,
	copies: number[],
	options: { rounds: number; seconds: number }
): string {
	const rows = SIZES.flatMap((size) =>
		CONNECTIONS.map((connections) => {
			const ours = results.get(`ours ${size} ${connections}`) ?? [];
			const plain = results.get(`plain ${size} ${connections}`) ?? [];
			const rate = (all: Measured[]) => all.map((one) => one.eventsPerSecond);
			return [
				String(size),
				String(connections),
				spread(rate(ours)),
				spread(rate(plain)),
				`${(median(rate(ours)) / median(rate(plain))).toFixed(1)} ×`,
				`${((median(rate(ours)) / median(copies)) * 100).toFixed(0)} %`,
				`${median(ours.map((one) => one.p50))} / ${median(ours.map((one) => one.p99))} ms`,
				String(ours.reduce((sum, one) => sum + one.failed, 0))
			];
		})
	);
	const header = [
		'events a request',
		'connections',
		'events/s',
		'(a) plain handler',
		'over (a)',
		'of (b)',
		'p50 / p99',
		'failed'
	];
	return [
		`npm run bench ingest -- --rounds ${options.rounds} --seconds ${options.seconds}`,
		machine(),
		`Medians of ${options.rounds} rounds (smallest to largest). (b) COPY into the indexed log: ${spread(copies)} rows/s.`,
		'',
		table(header, rows)
	].join('\n');
}

/** What was acknowledged is there. More may be: requests that were under way when a measurement ended. */
async function check(sql: Sql, results: Map<string, Measured[]>): Promise<string> {
	const acknowledged = [...results]
		.filter(([key]) => key.startsWith('ours'))
		.flatMap(([, all]) => all)
		.reduce((sum, one) => sum + one.acknowledged, 0);
	const [row] = await sql<{ log: string; folded: string }[]>`
		select (select count(*) from analytics_events) as log, (select sum(event_count) from sessions) as folded`;
	const stored = Number(row?.log);
	if (stored < acknowledged || row?.log !== row?.folded)
		throw new Error(`acknowledged ${acknowledged}, stored ${stored}, folded ${row?.folded}`);
	return `\nAcknowledged in the measurements: ${acknowledged}; in the log: ${stored}; counted by the sessions: ${row?.folded}.`;
}
