import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buckets, type BucketUnit } from './buckets';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LATER = Date.UTC(2040, 0, 1);
const ZONES = [
	'UTC',
	'Europe/Berlin',
	'America/New_York',
	'America/St_Johns',
	'America/Havana',
	'America/Sao_Paulo',
	'Asia/Kolkata',
	'Asia/Kathmandu',
	'Asia/Beirut',
	'Australia/Lord_Howe',
	'Pacific/Chatham',
	'Pacific/Apia'
];

const range = fc
	.record({
		from: fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2030, 0, 1) }),
		length: fc.oneof(
			fc.integer({ min: 1, max: 2 * DAY }),
			fc.integer({ min: 1, max: 120 * DAY }),
			fc.integer({ min: 1, max: 5 * 365 * DAY })
		)
	})
	.map(({ from, length }) => ({ from, to: from + length }));
const zone = fc.constantFrom(...ZONES);

/** What a clock on the wall in the zone reads, asked of Intl anew. */
function clock(at: number, timeZone: string): string {
	return new Intl.DateTimeFormat('en-GB', {
		timeZone,
		weekday: 'short',
		day: 'numeric',
		hour: '2-digit',
		minute: '2-digit',
		second: '2-digit',
		hourCycle: 'h23'
	}).format(at);
}

describe('buckets', () => {
	it('are the whole range, in order, without holes, and not many', () => {
		fc.assert(
			fc.property(range, zone, ({ from, to }, zone) => {
				const { edges, partial } = buckets({ from, to }, zone, LATER);
				expect(edges[0]).toBe(from);
				expect(edges.at(-1)).toBe(to);
				expect(edges.every((edge, index) => index === 0 || edge > (edges[index - 1] ?? Infinity))).toBe(true);
				expect(partial).toHaveLength(edges.length - 1);
				expect(partial.length).toBeLessThanOrEqual(104);
				expect(partial.slice(1, -1).some(Boolean)).toBe(false);
			})
		);
	});

	it('have inner edges at quarters of an hour of UTC', () => {
		fc.assert(
			fc.property(range, zone, (range, zone) => {
				const inner = buckets(range, zone, LATER).edges.slice(1, -1);
				expect(inner.filter((edge) => edge % 900_000 !== 0)).toEqual([]);
			})
		);
	});

	it('begin days at the first moment of the local day, weeks on Mondays, months on firsts', () => {
		const units = new Map<BucketUnit, number>();
		fc.assert(
			fc.property(range, zone, (range, zone) => {
				const { unit, edges } = buckets(range, zone, LATER);
				if (unit === 'quarter' || unit === 'hour') return;
				for (const edge of edges.slice(1, -1)) {
					units.set(unit, (units.get(unit) ?? 0) + 1);
					const [now, before] = [clock(edge, zone), clock(edge - 1, zone)];
					// A day begins at midnight, or, where clocks skip it, when the date changes.
					if (!now.endsWith('00:00:00')) expect(now.slice(0, 6)).not.toBe(before.slice(0, 6));
					if (unit === 'week') expect(now).toContain('Mon');
					if (unit === 'month') expect(now).toMatch(/\b1\b/);
				}
			}),
			{ numRuns: 300 }
		);
		expect([...units.keys()].sort()).toEqual(['day', 'month', 'week']);
	});

	it('have days of 23 and 25 hours where the clocks change', () => {
		const hours = (from: number) => {
			const { edges } = buckets({ from, to: from + 7 * DAY }, 'Europe/Berlin', LATER);
			return edges.slice(1).map((edge, index) => (edge - (edges[index] ?? 0)) / HOUR);
		};
		expect(hours(Date.UTC(2026, 2, 26, 23))).toEqual([24, 24, 23, 24, 24, 24, 24, 1]);
		expect(hours(Date.UTC(2026, 9, 22, 22))).toEqual([24, 24, 25, 24, 24, 24, 23]);
	});

	it('begin hours at the local hour, where it is a half of one in UTC too', () => {
		const from = Date.UTC(2026, 10, 20, 3, 30);
		const { unit, edges, partial } = buckets({ from, to: from + 3 * DAY }, 'Asia/Kolkata', LATER);
		expect([unit, edges[1], partial.includes(true)]).toEqual(['hour', from + HOUR, false]);
	});

	it('grow with the range', () => {
		const unit = (length: number) =>
			buckets({ from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 1) + length }, 'UTC', LATER).unit;
		expect([HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 90 * DAY, 365 * DAY, 1800 * DAY].map(unit)).toEqual([
			'quarter',
			'quarter',
			'hour',
			'hour',
			'day',
			'day',
			'week',
			'month'
		]);
	});

	it('say which are cut by the range, and which are not over', () => {
		const from = Date.UTC(2026, 10, 1, 5);
		const cut = buckets({ from, to: Date.UTC(2026, 10, 8, 3) }, 'UTC', LATER).partial;
		expect(cut).toEqual([true, false, false, false, false, false, false, true]);
		const now = Date.UTC(2026, 10, 6, 12);
		const { partial } = buckets({ from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 8) }, 'UTC', now);
		expect(partial).toEqual([false, false, false, false, false, true, true]);
	});

	it('do not stop where clocks are put back across midnight', () => {
		// St John’s, 1 November 2009: from 00:01 back to 23:01 of October.
		const from = Date.UTC(2009, 10, 1, 2, 45);
		const { edges } = buckets({ from, to: from + 10 * DAY }, 'America/St_Johns', LATER);
		expect(edges).toHaveLength(11);
	});
});
