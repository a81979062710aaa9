/**
 * From POST to screen: milliseconds from the moment at which a client begins to send an event to the moment at which a
 * wall has received a state that contains it, at steady rates, with one wall and with 200. Everything on one machine.
 */
import { io, type Socket } from 'socket.io-client';
import type { ClientToServer, ServerToClient, WallChange } from '../../src/lib/live/messages';
import { machine, quantile, table } from './figures';
import { runLoad } from './load';
import { openStage } from './stage';

const RATES = [50, 500, 2000];
const WALLS = [1, 200];
const WARM_UP_S = 2;

interface Measured {
	latencies: number[];
	sent: number;
	unseen: number;
	failed: number;
}

export async function benchPush({ seconds }: { seconds: number }): Promise<void> {
	const stage = await openStage();
	const rows: string[][] = [];
	try {
		const { url } = await stage.database('push');
		const product = await stage.product(url);
		for (const walls of WALLS) {
			const others = walls > 1 ? await stage.role('walls', [product.address, String(walls - 1)]) : null;
			for (const rate of RATES) {
				await measure(product.address, rate, WARM_UP_S);
				const { latencies, sent, unseen, failed } = await measure(product.address, rate, seconds);
				const at = (part: number) => quantile(latencies, part).toFixed(1);
				rows.push([
					String(walls),
					String(rate),
					String(sent),
					at(0.5),
					at(0.95),
					at(0.99),
					at(1),
					String(unseen),
					String(failed)
				]);
				process.stderr.write(`${rows.at(-1)?.join(' ')}\n`);
			}
			await others?.stop();
		}
	} finally {
		await stage.close();
	}
	const header = ['walls', 'events/s', 'events sent', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'never seen', 'refused'];
	process.stdout.write(`npm run bench push -- --seconds ${seconds}\n${machine()}\n\n${table(header, rows)}\n`);
}

/** One request an event, at a steady rate; what a wall sees of it. */
async function measure(address: string, rate: number, seconds: number): Promise<Measured> {
	const socket: Socket<ServerToClient, ClientToServer> = io(address, { transports: ['websocket'], forceNew: true });
	/** Session → when its first, second, … event was sent; a card of version n shows the first n. */
	const waiting = new Map<string, number[]>();
	const shown = new Map<string, number>();
	const latencies: number[] = [];
	const see = (change: Pick<WallChange, 'sessions'>) => {
		const now = performance.now();
		for (const card of change.sessions ?? []) {
			const times = waiting.get(card.sessionId);
			if (!times) continue;
			const from = shown.get(card.sessionId) ?? 0;
			for (const time of times.slice(from, card.version)) latencies.push(now - time);
			shown.set(card.sessionId, Math.max(from, card.version));
		}
	};
	socket.on('update', (message) => see(message.change as WallChange));
	await socket.timeout(20_000).emitWithAck('subscribe', 'control-room');

	const started = performance.now();
	const { sent, failed } = await runLoad({
		address,
		rate,
		goesOn: () => performance.now() - started < seconds * 1000,
		onSend: ({ sessionId }) => {
			const times = waiting.get(sessionId) ?? [];
			waiting.set(sessionId, times);
			times.push(performance.now());
		}
	});
	const patience = performance.now() + 10_000;
	while (latencies.length < sent && performance.now() < patience)
		await new Promise((resolve) => setTimeout(resolve, 20));
	socket.disconnect();
	return { latencies, sent, unseen: sent - latencies.length, failed };
}
