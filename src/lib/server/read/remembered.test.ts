import { describe, expect, it } from 'vitest';
import { remembered } from './remembered';

function counter() {
	let count = 0;
	return { read: () => Promise.resolve(++count), fail: () => Promise.reject(new Error(`no ${++count}`)) };
}

describe('a remembered value', () => {
	it('is read once, however many ask at the same time or later', async () => {
		const value = remembered(counter().read, 60_000);
		expect(await Promise.all([value(), value(), value()])).toEqual([1, 1, 1]);
		expect(await value()).toBe(1);
	});

	it('is read again when it has grown too old', async () => {
		const value = remembered(counter().read, 0);
		expect([await value(), await value()]).toEqual([1, 2]);
	});

	it('does not remember a failure', async () => {
		const value = remembered(counter().fail, 60_000);
		await expect(value()).rejects.toThrow('no 1');
		await expect(value()).rejects.toThrow('no 2');
	});
});
