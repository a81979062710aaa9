import { describe, expect, it, vi } from 'vitest';
import type { Changes } from './messages';
import { Reloads } from './reloads';

const SESSIONS: Changes = { sessions: true, errors: false };
const ERRORS: Changes = { sessions: false, errors: true };

/** A page whose reads end, and whose time passes, when the test says so. */
function page() {
	const reads: { changes: Changes; done: () => void; fail: () => void }[] = [];
	let [now, hidden] = [0, false];
	let timer: { at: number; callback: () => void } | null = null;
	const reloads = new Reloads({
		reload: (changes) =>
			new Promise((resolve, reject) => reads.push({ changes, done: resolve, fail: () => reject(new Error('away')) })),
		isHidden: () => hidden,
		mono: () => now,
		after: (ms, callback) => {
			timer = { at: now + ms, callback };
			return () => (timer = null);
		}
	});
	return {
		reads,
		reloads,
		set hidden(value: boolean) {
			hidden = value;
		},
		pass(ms: number) {
			now += ms;
			if (!timer || timer.at > now) return;
			const { callback } = timer;
			timer = null;
			callback();
		},
		/** Ends the last read and lets the page notice. */
		async end(how: 'done' | 'fail' = 'done') {
			reads.at(-1)?.[how]();
			await new Promise(setImmediate);
		}
	};
}

describe('reloads', () => {
	it('read at once what changes at rest', () => {
		const { reloads, reads } = page();
		reloads.touch(SESSIONS);
		expect(reads.map(({ changes }) => changes)).toEqual([SESSIONS]);
	});

	it('are never two at once, and once more after the last change, for all that changed', async () => {
		const it = page();
		it.reloads.touch(SESSIONS);
		for (let n = 0; n < 20; n++) it.reloads.touch(n === 7 ? ERRORS : SESSIONS);
		expect(it.reads).toHaveLength(1);
		await it.end();
		it.pass(300);
		expect(it.reads.map(({ changes }) => changes)).toEqual([SESSIONS, { sessions: true, errors: true }]);
		await it.end();
		it.pass(60_000);
		expect(it.reads).toHaveLength(2);
	});

	it('rest longer after a slow one', async () => {
		const it = page();
		it.reloads.touch(SESSIONS);
		it.pass(1_000);
		it.reloads.touch(SESSIONS);
		await it.end();
		it.pass(999);
		expect(it.reads).toHaveLength(1);
		it.pass(1);
		expect(it.reads).toHaveLength(2);
	});

	it('wait while the page is hidden, then read once', () => {
		const it = page();
		it.hidden = true;
		for (let n = 0; n < 5; n++) it.reloads.touch(SESSIONS);
		it.reloads.shown();
		expect(it.reads).toHaveLength(0);
		it.hidden = false;
		it.reloads.shown();
		expect(it.reads).toHaveLength(1);
	});

	it('happen after a minute without changes, because windows move on, but only while heartbeats come', async () => {
		const it = page();
		it.pass(59_000);
		it.reloads.beat();
		expect(it.reads).toHaveLength(0);
		it.pass(2_000);
		expect(it.reads).toHaveLength(0);
		it.reloads.beat();
		it.reloads.beat();
		await it.end();
		expect(it.reads).toHaveLength(1);
	});

	it('go on after one that failed', async () => {
		const it = page();
		it.reloads.touch(SESSIONS);
		await it.end('fail');
		it.pass(300);
		it.reloads.touch(ERRORS);
		expect(it.reads).toHaveLength(2);
	});

	it('end with the page', async () => {
		const it = page();
		const seen = vi.spyOn(it.reads, 'push');
		it.reloads.touch(SESSIONS);
		it.reloads.touch(SESSIONS);
		await it.end();
		it.reloads.stop();
		it.pass(10_000);
		it.reloads.touch(SESSIONS);
		expect(seen).toHaveBeenCalledTimes(1);
	});
});
