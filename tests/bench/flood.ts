/**
 * Whether one address can take the server away from the others. A well-behaved client sends events at a steady pace, alone
 * first, then beside one address that holds a thousand connections open, each a byte a second into its head or its body, and
 * sends as many requests as its other connections carry. The process believes the X-Forwarded-For of this machine, as
 * behind a proxy, so that each has an address of its own and nobody is spared for being local.
 */
import { PASSWORD } from '../support/door';
import { machine, median, quantile, spread, table } from './figures';
import { session } from './shoppers';
import { openStage } from './stage';

const PATH = '/api/analytics/events';
const SLOW = 1_000;
const FLOODING = 32;
const GOOD = '203.0.113.1';
const BAD = '203.0.113.2';
/** Events a second of the client that behaves: below the limit of an address. */
const PACE = 50;
const GOAL = 2;

interface Stretch {
	p50: number;
	p99: number;
	failed: number;
}

interface Round {
	before: Stretch;
	during: Stretch;
	/** The flood's answers a second: taken, and refused by 429. */
	taken: number;
	refused: number;
	/** Slow connections that the server had not closed at the end. */
	open: number;
}

/** Prints the figures as Markdown. */
export async function benchFlood({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
	const stage = await openStage();
	const done: Round[] = [];
	try {
		const { url } = await stage.database('flood');
		const { address } = await stage.product(url, {
			TRUSTED_PROXIES: '127.0.0.1',
			ADMIN_PASSWORD: PASSWORD
		});
		await behave(address, seconds);
		for (let round = 0; round < rounds; round++) {
			const before = await behave(address, seconds);
			const flood = await stage.role('flooding', [address, BAD, String(FLOODING), String(SLOW)]);
			const began = await refusals(flood.address);
			const during = await behave(address, seconds);
			const ended = await refusals(flood.address);
			await flood.stop();
			const each = (name: 'taken' | 'refused') => (ended[name] - began[name]) / ((ended.at - began.at) / 1000);
			done.push({ before, during, taken: each('taken'), refused: each('refused'), open: ended.open });
		}
	} finally {
		await stage.close();
	}
	process.stdout.write(`${report(done, seconds)}\n`);
}

/** Sends single events at a pace, each on one of a few kept connections. */
async function behave(address: string, seconds: number): Promise<Stretch> {
	const took: number[] = [];
	let failed = 0;
	const events = [...session(), ...session()];
	const under: Promise<void>[] = [];
	const started = performance.now();
	for (let sent = 0; sent < seconds * PACE; sent++) {
		const due = started + (sent / PACE) * 1000;
		await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
		const body = JSON.stringify({ ...events[sent % events.length], id: `${started}-${sent}` });
		const at = performance.now();
		under.push(
			fetch(address + PATH, { method: 'POST', headers: { 'x-forwarded-for': GOOD }, body }).then(
				async (answer) => {
					await answer.arrayBuffer();
					if (answer.status !== 200) failed++;
					took.push(performance.now() - at);
				},
				() => {
					failed++;
				}
			)
		);
	}
	await Promise.all(under);
	return { p50: median(took), p99: quantile(took, 0.99), failed };
}

interface Refusals {
	at: number;
	taken: number;
	refused: number;
	open: number;
}

async function refusals(address: string): Promise<Refusals> {
	return (await (await fetch(address)).json()) as Refusals;
}

function report(rounds: readonly Round[], seconds: number): string {
	const of = (pick: (round: Round) => number, digits = 1) => spread(rounds.map(pick), digits);
	const ratio = median(rounds.map(({ before, during }) => during.p99 / before.p99));
	const failed = rounds.reduce((sum, { before, during }) => sum + before.failed + during.failed, 0);
	return [
		`## Flood: one client beside an address that holds ${SLOW} slow connections and floods on ${FLOODING} more`,
		`${machine()}; ${rounds.length} rounds of ${seconds} s each way, ${PACE} events/s. Medians (smallest to largest).`,
		table(
			['', 'p50, ms', 'p99, ms'],
			[
				['alone', of(({ before }) => before.p50), of(({ before }) => before.p99)],
				['beside the flood', of(({ during }) => during.p50), of(({ during }) => during.p99)],
				['ratio', of(({ before, during }) => during.p50 / before.p50, 2), of(({ before, during }) => during.p99 / before.p99, 2)]
			] // prettier-ignore
		),
		`The flood: ${of(({ taken }) => taken, 0)} requests/s taken, ${of(({ refused }) => refused, 0)} refused; ${of(({ open }) => open, 0)} slow connections open at the end. Requests of the client that failed: ${failed}.`,
		`Goal, p99 below ${GOAL} times that alone: ${ratio < GOAL ? 'met' : 'missed'} (${ratio.toFixed(2)}).`
	].join('\n\n');
}
