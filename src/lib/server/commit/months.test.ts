import { describe, expect, test } from 'vitest';
import { event } from '../../../../tests/support/events';
import { reachOf } from './months';
import { logRow } from './rows';

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('where a group is looked for', () => {
	const noon = Date.UTC(2026, 10, 15, 12);
	const rows = (...events: Parameters<typeof event>[1][]) =>
		events.map((change) => logRow(event('x', { clientTime: noon, serverTime: noon, ...change })));
	const stretches = (reach: ReturnType<typeof reachOf>) =>
		reach.stretches.map((moment) => moment.toISOString().slice(0, 10)).join(' ');

	test('in no other month than its own, where all is as usual', () => {
		const reach = reachOf(rows({}, { clientTime: noon - 59 * MINUTE }, { clientTime: noon + MINUTE }), 'ingest', noon);
		expect([reach.way, stretches(reach)]).toEqual(['plain', '2026-11-01 2026-11-01 2026-12-01 2026-12-01']);
	});

	test('in the month before too, in the first week of a month', () => {
		const early = { clientTime: noon - 8 * DAY, serverTime: noon - 8 * DAY };
		const reach = reachOf(rows(early), 'ingest', noon - 8 * DAY);
		expect([reach.way, stretches(reach)]).toEqual(['plain', '2026-10-01 2026-11-01 2026-12-01 2026-12-01']);
	});

	test('from a month before its time, by its own clock, where it comes late', () => {
		expect(stretches(reachOf(rows({ clientTime: noon - 3 * DAY }), 'ingest', noon))).toMatch(/^2026-10-01 2026-11-01/);
		const shifted = { clientTime: noon - 5 * DAY, clockShiftMs: 40 * DAY };
		expect(stretches(reachOf(rows({ clientTime: noon - 40 * DAY }), 'ingest', noon))).toMatch(/^2026-09-01 2026-11-01/);
		expect(stretches(reachOf(rows(shifted), 'ingest', noon))).toMatch(/^2026-08-01 2026-11-01/);
	});

	test('everywhere, where its time says nothing; but not what the server itself has said just now', () => {
		expect(stretches(reachOf(rows({ clientTime: null }), 'ingest', noon))).toMatch(/^1970-01-01 2026-11-01/);
		expect(stretches(reachOf(rows({ clientTime: noon + 2 * DAY }), 'ingest', noon))).toMatch(/^1970-01-01/);
		expect(stretches(reachOf(rows({ clientTime: null }), 'operator', noon))).toMatch(/^2026-11-01 2026-11-01/);
	});

	test('with care at the turn of a month, of what is past, and of what is brought back', () => {
		for (const at of [Date.UTC(2026, 11, 1) - 9 * MINUTE, Date.UTC(2026, 10, 1) + 9 * MINUTE]) {
			expect(reachOf(rows({ serverTime: at }), 'ingest', at).way).toBe('careful');
		}
		expect(reachOf(rows({ serverTime: noon - 20 * MINUTE }), 'ingest', noon).way).toBe('careful');
		expect(reachOf(rows({}), 'backfill', noon)).toMatchObject({ way: 'careful' });
		expect(
			stretches(reachOf(rows({}, { clientTime: noon - 30 * DAY, serverTime: noon - 30 * DAY }), 'simulate', noon))
		).toMatch(/^2026-10-01 9999/);
	});
});
