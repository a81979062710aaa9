import { describe, expect, it } from 'vitest';
import { NOON } from '../../../tests/support/states';
import { freshnessOf, isTrusted, type LinkFacts } from './freshness';

const live: LinkFacts = {
	everLive: true,
	heardMono: 1_000,
	heardAt: NOON,
	lostMono: null,
	trouble: null,
	refused: null
};

describe('freshness', () => {
	it('is the age of the last message, whatever it said', () => {
		expect(freshnessOf(live, 3_000)).toEqual({ kind: 'live', ageMs: 2_000 });
	});
	it('turns stale after ten seconds of silence', () => {
		expect(freshnessOf(live, 11_000).kind).toBe('live');
		expect(freshnessOf(live, 11_001).kind).toBe('stale');
	});
	it('calls a silent socket disconnected since the last message', () => {
		expect(freshnessOf(live, 21_001)).toEqual({ kind: 'disconnected', since: NOON });
	});
	it('does not cry over a reconnect of a second', () => {
		expect(freshnessOf({ ...live, lostMono: 1_200 }, 2_200).kind).toBe('live');
		expect(freshnessOf({ ...live, lostMono: 1_200 }, 2_800).kind).toBe('disconnected');
	});
	it('gives the reason of a server in trouble', () => {
		const trouble = { since: NOON, reason: 'the database is away' };
		expect(freshnessOf({ ...live, trouble }, 1_500)).toEqual({ kind: 'trouble', ...trouble });
	});
	it('says that it was refused before all else, however lately it heard something', () => {
		const refused = 'This screen was revoked.';
		expect(freshnessOf({ ...live, refused, lostMono: 1_100 }, 1_200)).toEqual({
			kind: 'refused',
			since: NOON,
			reason: refused
		});
		expect(isTrusted(freshnessOf({ ...live, refused }, 1_200))).toBe(false);
	});
	it('does not call a page live that has only been rendered', () => {
		expect(freshnessOf({ ...live, everLive: false }, 2_000)).toEqual({ kind: 'first' });
		expect(freshnessOf({ ...live, everLive: false }, 30_000)).toEqual({ kind: 'disconnected', since: NOON });
	});
});
