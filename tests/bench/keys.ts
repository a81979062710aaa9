/**
 * What a write key costs: the same requests to three processes, of which one knows no key, one requires a browser's and one
 * a server's signature. In turn, each round anew. Beside what is acknowledged, the processor time that each process spends
 * on an event, because the load generator, which signs as well, shares the machine.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createKey, setKeyMode, type KeyKind } from '../../src/lib/server/access/keys';
import { machine, median, spread, table } from './figures';
import { load, type Prove } from './ingest';
import { openStage, type Stage } from './stage';

const SIZES = [1, 10, 100];
const CONNECTIONS = 32;
/** /proc counts processor time in hundredths of a second, on every Linux there is. */
const TICK_MS = 10;
const BY = { visitor: { kind: 'open', id: null, name: 'bench' }, address: null } as const;

interface Side {
	address: string;
	pid: number;
	prove: Prove;
}

interface Measured {
	eventsPerSecond: number;
	/** Of the process, for each event. */
	cpuMicroseconds: number;
	failed: number;
}

/** Prints the figures as Markdown. */
export async function benchKeys({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
	const stage = await openStage();
	const results = new Map<string, Measured[]>();
	try {
		const sides = new Map<string, Side>();
		sides.set('no key', await sideOf(stage, null));
		sides.set('browser', await sideOf(stage, 'browser'));
		sides.set('signature', await sideOf(stage, 'server'));
		for (const { address, prove } of sides.values()) await load(address, 100, CONNECTIONS, 2, prove);
		for (let round = 0; round < rounds; round++) {
			for (const size of SIZES) {
				for (const [name, side] of sides) {
					const before = cpuMs(side.pid);
					const { eventsPerSecond, acknowledged, failed } = await load(
						side.address,
						size,
						CONNECTIONS,
						seconds,
						side.prove
					);
					const cpuMicroseconds = ((cpuMs(side.pid) - before) / acknowledged) * 1000;
					const key = `${size} ${name}`;
					results.set(key, [...(results.get(key) ?? []), { eventsPerSecond, cpuMicroseconds, failed }]);
					process.stderr.write(`round ${round + 1}: ${key}: ${Math.round(eventsPerSecond)} events/s\n`);
				}
			}
		}
	} finally {
		await stage.close();
	}
	const rows = [...results].map(([key, all]) => {
		const [size = '', ...name] = key.split(' ');
		const bare = results.get(`${size} no key`) ?? [];
		const cpu = (measured: readonly Measured[]) => measured.map(({ cpuMicroseconds }) => cpuMicroseconds);
		return [
			size,
			name.join(' '),
			spread(all.map(({ eventsPerSecond }) => eventsPerSecond)),
			spread(cpu(all), 1),
			(median(cpu(all)) - median(cpu(bare))).toFixed(1),
			String(all.reduce((sum, { failed }) => sum + failed, 0))
		];
	});
	const header = [
		'events a request',
		'key',
		'events/s',
		'CPU of the process, µs an event',
		'more than without',
		'failed'
	];
	process.stdout.write(
		`npm run bench -- keys --rounds ${rounds} --seconds ${seconds}\n${machine()}\n${CONNECTIONS} connections; medians of ${rounds} rounds (smallest to largest).\n\n${table(header, rows)}\n`
	);
}

/** A process that requires such a key; null: that knows of none. */
async function sideOf(stage: Stage, kind: KeyKind | null): Promise<Side> {
	const { url, sql } = await stage.database(kind ?? 'bare');
	// Made before the process starts, which reads keys then.
	const key = kind && (await createKey(sql, { name: 'bench', shop: null, kind, origins: [] }, BY));
	if (key) await setKeyMode(sql, 'require', BY);
	const { address, pid } = await stage.product(url);
	return {
		address,
		pid,
		prove: (body): Record<string, string> => {
			if (!key) return {};
			if (kind === 'browser') return { 'x-control-room-key': key.secret };
			const t = Math.floor(Date.now() / 1000);
			const hex = createHmac('sha256', key.secret).update(`${t}.${body}`).digest('hex');
			return { 'x-control-room-signature': `t=${t},id=${key.id},v1=${hex}` };
		}
	};
}

/** Processor time that a process has had. */
function cpuMs(pid: number): number {
	// The name, in brackets, may hold spaces; the times are the 14th and 15th word.
	const words = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' '); // prettier-ignore
	return (Number(words[11]) + Number(words[12])) * TICK_MS;
}
