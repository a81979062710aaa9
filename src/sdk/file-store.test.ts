import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fileStore } from './file-store';

let path: string;

beforeEach(() => {
	const folder = mkdtempSync(join(tmpdir(), 'control-room-store-'));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	path = join(folder, 'queue', 'events');
});

describe('a store in a file', () => {
	it('holds what was put and not removed, over the end of its process', () => {
		const store = fileStore(path);
		store.put('b', '{"n":2}');
		store.put('a', '{"n":1}');
		store.put('c', '{"n":3}');
		store.remove('b');
		// Not closed, as when it is killed.
		expect(fileStore(path).all()).toEqual([
			['a', '{"n":1}'],
			['c', '{"n":3}']
		]);
	});

	it('leaves out a line that the end of the process cut short', () => {
		const store = fileStore(path);
		store.put('a', '{"n":1}');
		appendFileSync(path, 'b {"n":');
		const next = fileStore(path);
		expect(next.all()).toEqual([['a', '{"n":1}']]);
		next.put('c', '{"n":3}');
		expect(fileStore(path).all().length).toBe(2);
	});

	it('is empty on disk when nothing waits, and does not grow while something does', () => {
		const store = fileStore(path);
		store.put('stays', '{}');
		const large = JSON.stringify({ text: 'x'.repeat(50_000) });
		for (let n = 0; n < 200; n++) {
			store.put(`k${n}`, large);
			store.remove(`k${n}`);
		}
		expect(statSync(path).size).toBeLessThan(5 * 1024 * 1024);
		store.remove('stays');
		expect(readFileSync(path, 'utf8')).toBe('');
		expect(store.all()).toEqual([]);
	});

	it('is one process’s: another is refused while that lives, and takes it over afterwards', () => {
		fileStore(path).close();
		writeFileSync(`${path}.lock`, String(process.ppid));
		expect(() => fileStore(path)).toThrow(`Process ${process.ppid} has this store already`);
		writeFileSync(`${path}.lock`, '4194304999');
		expect(fileStore(path).all()).toEqual([]);
	});
});
