import { describe, expect, it } from 'vitest';
import { parseNotice } from './payload';

const notice = { commit: '12', at: 1_795_000_000_000, sessions: ['s1'], errors: false };

describe('a payload', () => {
	it('is a notice when it names a commit and what changed', () => {
		expect(parseNotice(JSON.stringify(notice))).toEqual(notice);
		expect(parseNotice(JSON.stringify({ ...notice, sessions: null }))).toEqual({ ...notice, sessions: null });
		expect(parseNotice(JSON.stringify({ ...notice, more: 1 }))).toEqual(notice);
	});

	it.each(['', '{', 'null', '[]', '"x"', '7', '{}'])('%j is none', (payload) => {
		expect(parseNotice(payload)).toBeNull();
	});

	it.each([
		{ commit: 12 },
		{ commit: 'x' },
		{ at: 'now' },
		{ sessions: 's1' },
		{ sessions: [1] },
		{ sessions: undefined },
		{ errors: null }
	])('with %j it is none', (change) => {
		expect(parseNotice(JSON.stringify({ ...notice, ...change }))).toBeNull();
	});
});
