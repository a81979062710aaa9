import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOON } from '../../../tests/support/states';
import { Following, type Outcome } from './following';
import { CONTROL_ROOM } from './messages';

type Counts = Record<string, number>;

/** A topic whose state is the newest version of each of a few keys, and the client that follows it. */
function topic() {
	const server: Counts = {};
	let seq = 0;
	let epoch = 'first';
	const numbered = () => ({ topic: CONTROL_ROOM, epoch, seq, at: NOON }) as const;
	const apply = (state: Counts, change: Counts) => {
		const next = { ...state };
		for (const [key, version] of Object.entries(change)) next[key] = Math.max(version, next[key] ?? 0);
		return next;
	};
	const client = new Following<Counts, Counts>({ apply, begin: (change) => change }, {});
	return {
		server,
		client,
		change(key: string) {
			server[key] = (server[key] ?? 0) + 1;
			seq++;
			return { ...numbered(), commit: null, change: { [key]: server[key] } };
		},
		snapshot: () => ({ ...numbered(), build: 'b', state: { ...server } }),
		heartbeat: () => ({ ...numbered(), build: 'b' }),
		restart() {
			epoch += "'";
			seq = 0;
		}
	};
}

describe('following a topic', () => {
	it('goes on from a snapshot', () => {
		const { client, change, snapshot, server } = topic();
		change('a');
		client.wait();
		expect(client.snapshot(snapshot())).toBe('applied');
		expect(client.update(change('a'))).toBe('applied');
		expect(client.state).toEqual(server);
	});

	it('keeps updates that overtake the snapshot', () => {
		const { client, change, snapshot, server } = topic();
		client.wait();
		const early = change('a');
		const taken = snapshot();
		const late = change('b');
		expect([client.update(early), client.update(late)]).toEqual(['waiting', 'waiting']);
		expect(client.snapshot(taken)).toBe('applied');
		expect(client.state).toEqual(server);
	});

	it('notices a lost update by the next one, and a lost last one by the heartbeat', () => {
		const { client, change, snapshot, heartbeat } = topic();
		client.snapshot(snapshot());
		change('a');
		expect(client.heartbeat(heartbeat())).toBe('resync');
		expect(client.update(change('a'))).toBe('resync');
	});

	it('asks for a snapshot where a first change does not tell the whole', () => {
		const picky = new Following<Counts, Counts>({ apply: (state) => state, begin: () => null }, null);
		const { change, snapshot } = topic();
		picky.snapshot({ ...snapshot(), state: null });
		expect(picky.update(change('a'))).toBe('resync');
	});

	it('equals the server after the next heartbeat, whatever was lost, repeated, or restarted', () => {
		const step = fc.record({
			key: fc.constantFrom('a', 'b', 'c'),
			fate: fc.constantFrom('comes', 'comes', 'comes', 'is lost', 'comes twice', 'server restarts', 'snapshot is slow')
		});
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
				const { client, change, snapshot, heartbeat, restart, server } = topic();
				let slow: ReturnType<typeof snapshot> | null = null;
				const heed = (outcome: Outcome) => {
					if (outcome !== 'resync') return;
					client.wait();
					heed(client.snapshot(snapshot()));
				};
				heed(client.snapshot(snapshot()));
				for (const { key, fate } of steps) {
					if (fate === 'server restarts') restart();
					if (fate === 'snapshot is slow' && !client.isWaiting) {
						client.wait();
						slow = snapshot();
					}
					const message = change(key);
					if (fate !== 'is lost') heed(client.update(message));
					if (fate === 'comes twice') heed(client.update(message));
					if (slow && fate === 'comes') {
						heed(client.snapshot(slow));
						slow = null;
					}
				}
				if (slow) heed(client.snapshot(slow));
				heed(client.heartbeat(heartbeat()));
				expect(client.state).toEqual(server);
			})
		);
	});
});
