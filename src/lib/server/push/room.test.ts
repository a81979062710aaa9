import { describe, expect, it } from 'vitest';
import type { Heartbeat, Update } from '../../live/messages';
import { Room } from './room';

/** A room whose reads end when the test says so. */
function room() {
	const sent: (Update<object> | Heartbeat)[] = [];
	const reads: { finish: (state: string) => void; fail: (error: Error) => void }[] = [];
	const it = new Room<string>({
		topic: 'control-room',
		name: 'control-room',
		epoch: 'e',
		build: 'b1',
		seq: 7,
		outlet: {
			update: (_, message) => void sent.push(message),
			heartbeat: (_, message) => void sent.push(message),
			subscribers: () => 1
		},
		read: () => new Promise((finish, fail) => reads.push({ finish, fail }))
	});
	return { it, sent, reads };
}

describe('a room', () => {
	it('numbers its updates without holes, and its heartbeats with the last update', () => {
		const { it: wall, sent } = room();
		wall.emit({}, null);
		wall.heartbeat();
		wall.emit({ errors: [] }, { id: '3', at: 5 });
		expect(sent).toMatchObject([
			{ topic: 'control-room', epoch: 'e', seq: 8, change: {}, commit: null },
			{ seq: 8, build: 'b1' },
			{ seq: 9, change: { errors: [] }, commit: { id: '3', at: 5 } }
		]);
	});

	it('answers all who ask at once from one read', async () => {
		const { it: wall, reads } = room();
		const asked = Array.from({ length: 200 }, () => wall.snapshot());
		reads[0]?.finish('state');
		for (const snapshot of await Promise.all(asked))
			expect(snapshot).toMatchObject({ seq: 7, state: 'state', build: 'b1' });
		expect(reads).toHaveLength(1);
	});

	it('gives a snapshot the number at which its reading began', async () => {
		const { it: wall, reads } = room();
		const asked = wall.snapshot();
		wall.emit({}, null);
		reads[0]?.finish('old or new');
		expect((await asked).seq).toBe(7);
	});

	it('reads once more for all who joined after an update that a running read may not contain', async () => {
		const { it: wall, reads } = room();
		const early = wall.snapshot();
		wall.emit({}, null);
		const late = [wall.snapshot(), wall.snapshot(), wall.snapshot()];
		reads[0]?.finish('first');
		expect((await early).state).toBe('first');
		reads[1]?.finish('second');
		for (const snapshot of await Promise.all(late)) expect(snapshot).toMatchObject({ seq: 8, state: 'second' });
		expect(reads).toHaveLength(2);
	});

	it('tells everyone who waits that a read failed, and reads again for the next one', async () => {
		const { it: wall, reads } = room();
		const asked = wall.snapshot();
		reads[0]?.fail(new Error('away'));
		await expect(asked).rejects.toThrow('away');
		const again = wall.snapshot();
		reads[1]?.finish('back');
		expect((await again).state).toBe('back');
	});
});
