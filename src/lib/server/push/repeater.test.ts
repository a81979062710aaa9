import { describe, expect, it, vi } from 'vitest';
import { Repeater } from './repeater';

const PATIENCE = { timeout: 60_000 };

function gate() {
	let open: () => void = () => undefined;
	const opened = new Promise<void>((resolve) => (open = resolve));
	return { open: () => open(), opened };
}

function repeater(run: () => Promise<unknown>, restMs: (costMs: number) => number = () => 0) {
	const done = vi.fn<(costMs: number) => void>();
	const fault = vi.fn<(error: unknown) => void>();
	return { it: new Repeater({ run: () => run().then(() => 0), restMs, onDone: done, onFault: fault }), done, fault };
}

describe('a repeater', () => {
	it('runs at once when it is touched at rest', () => {
		const run = vi.fn(() => Promise.resolve());
		repeater(run).it.touch();
		expect(run).toHaveBeenCalledTimes(1);
	});

	it('makes one more run of all the touches during a run', async () => {
		const first = gate();
		const run = vi.fn(() => first.opened);
		const { it: work, done } = repeater(run);
		for (let n = 0; n < 50; n++) work.touch();
		expect(run).toHaveBeenCalledTimes(1);
		first.open();
		await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(2), PATIENCE);
		expect(run).toHaveBeenCalledTimes(2);
	});

	it('rests between two runs for as long as the last one makes it', async () => {
		const times: number[] = [];
		const run = () => {
			times.push(performance.now());
			return Promise.resolve();
		};
		const { it: work, done } = repeater(run, () => 40);
		work.touch();
		work.touch();
		await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(2), PATIENCE);
		expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(38);
		expect(times).toHaveLength(2);
	});

	it('tries a failed run again by itself', async () => {
		let failures = 2;
		const run = () => (failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve());
		const { it: work, done, fault } = repeater(run);
		work.touch();
		await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(1), PATIENCE);
		expect(fault).toHaveBeenCalledTimes(2);
	});

	it('runs no more once it is stopped', async () => {
		const first = gate();
		const run = vi.fn(() => first.opened);
		const { it: work, done } = repeater(run);
		work.touch();
		work.touch();
		work.stop();
		first.open();
		await first.opened;
		work.touch();
		expect(run).toHaveBeenCalledTimes(1);
		expect(done).not.toHaveBeenCalled();
	});
});
