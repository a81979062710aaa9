import { describe, expect, it } from 'vitest';
import { isFault } from './fault';
import { isMoving, readRange } from './range';

const NOW = Date.UTC(2026, 10, 22, 14, 2, 30);
const HOUR = 3_600_000;
const read = (text: string, zone = 'UTC') =>
	readRange(new URLSearchParams(text), { now: NOW, zone, fallback: 'now-24h' });

describe('a range', () => {
	it('is the page’s own where the address has none', () => {
		expect(read('')).toEqual({ from: NOW - 24 * HOUR, to: NOW, fromText: 'now-24h', toText: 'now' });
	});
	it.each([
		['from=now-30m', NOW - HOUR / 2, NOW],
		['from=now-4w&to=now-7d', NOW - 28 * 24 * HOUR, NOW - 7 * 24 * HOUR],
		[
			'from=2026-11-20T08:00:00Z&to=2026-11-20T09:30:15.250Z',
			Date.UTC(2026, 10, 20, 8),
			Date.UTC(2026, 10, 20, 9, 30, 15, 250)
		],
		['from=2026-11-20T08:00%2B02:00&to=now', Date.UTC(2026, 10, 20, 6), NOW]
	])('%s', (text, from, to) => expect(read(text)).toMatchObject({ from, to }));
	it('reads dates and times of day in the zone, and a bare date as a whole day', () => {
		expect(read('from=2026-03-29&to=2026-03-29', 'Europe/Berlin')).toMatchObject({
			from: Date.UTC(2026, 2, 28, 23),
			to: Date.UTC(2026, 2, 29, 22)
		});
		expect(read('from=2026-11-21T09:15&to=2026-11-21T10:00', 'Asia/Kathmandu')).toMatchObject({
			from: Date.UTC(2026, 10, 21, 3, 30),
			to: Date.UTC(2026, 10, 21, 4, 15)
		});
	});
	it.each([
		['from=yesterday', 'from'],
		['from=2026-02-30', 'from'],
		['from=now%2B1h', 'from'],
		['to=2026-11-22T25:00', 'to'],
		['from=now&to=now-1h', 'from'],
		['from=now', 'from'],
		['from=2019-01-01', 'from'],
		['from=1999-01-01&to=1999-01-02', 'from'],
		['from=now-999999w', 'from'],
		['to=9999-12-31', 'to']
	])('is a fault: %s', (text, field) => {
		const range = read(text);
		expect(isFault(range) && range.field).toBe(field);
	});
	it('moves on with time when an end of it is relative', () => {
		expect(isMoving({ fromText: 'now-24h', toText: 'now' })).toBe(true);
		expect(isMoving({ fromText: '2026-11-20', toText: '2026-11-21' })).toBe(false);
	});
});
