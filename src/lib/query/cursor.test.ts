import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCursor, writeCursor, type CursorShape } from './cursor';
import { isFault } from './fault';

const SHAPE = { list: 'sessions', sort: 'started', key: ['number', 'text', 'text?'] } as const;

describe('a cursor', () => {
	it('comes back as it was written, and can stand in an address', () => {
		const key = fc.tuple(fc.integer(), fc.string({ unit: 'grapheme' }), fc.option(fc.string()));
		fc.assert(
			fc.property(key, fc.constantFrom('next' as const, 'previous' as const), (key, direction) => {
				fc.pre(!key.some((part) => typeof part === 'string' && part.includes('\0')));
				const text = writeCursor(SHAPE, direction, key);
				expect(text).toMatch(/^[\w-]+$/);
				expect(readCursor(text, SHAPE)).toEqual({ direction, key });
			})
		);
	});
	it('is a fault, and never an exception, when it is damaged', () => {
		const whole = writeCursor(SHAPE, 'next', [1, 'id', null]);
		const damaged = fc.oneof(
			fc.string({ minLength: 1 }),
			fc.integer({ min: 1, max: whole.length - 1 }).map((length) => whole.slice(0, length)),
			fc.json().map((json) => Buffer.from(json).toString('base64url'))
		);
		fc.assert(
			fc.property(damaged, (text) => {
				expect(isFault(readCursor(text, SHAPE))).toBe(true);
			})
		);
	});
	it('is a fault in another list, another order, or with another key', () => {
		const text = writeCursor(SHAPE, 'next', [1, 'id', null]);
		const others: CursorShape[] = [
			{ ...SHAPE, list: 'errors' },
			{ ...SHAPE, sort: 'cost' },
			{ ...SHAPE, key: ['text', 'text', 'text?'] as const },
			{ ...SHAPE, key: ['number', 'text', 'text'] as const }
		];
		for (const other of others) expect(isFault(readCursor(text, other))).toBe(true);
		expect(isFault(readCursor(writeCursor(SHAPE, 'next', [1, 'a\0', null]), SHAPE))).toBe(true);
	});
	it('is none where there is none', () => expect(readCursor(null, SHAPE)).toBeNull());
});
