import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from './fault';
import { isZone, localTime, momentOf, readZone, startOfDay, zoneOffset } from './zone';

const HOUR = 3_600_000;
const params = (text: string) => new URLSearchParams(text);

describe('the zone of an address', () => {
	it('is the one asked for, else the viewer’s, else UTC', () => {
		expect(readZone(params('tz=Asia/Kathmandu'), 'Europe/Berlin')).toBe('Asia/Kathmandu');
		expect(readZone(params(''), 'Europe/Berlin')).toBe('Europe/Berlin');
		expect(readZone(params(''), undefined)).toBe('UTC');
	});
	it('is a fault when it does not exist; a bad cookie is as none', () => {
		expect(isFault(readZone(params('tz=Mars/Olympus'), 'Europe/Berlin'))).toBe(true);
		expect(readZone(params(''), '<script>')).toBe('UTC');
	});
	it('has a name: offsets are none', () => {
		expect(['UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'].every(isZone)).toBe(true);
		expect(['', '+05:07', '-03:00', 'Europe/Berlin '].some(isZone)).toBe(false);
	});
});

describe('local time', () => {
	it('knows offsets of quarters of an hour, and summer', () => {
		const [winter, summer] = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)];
		expect(zoneOffset(winter, 'Asia/Kathmandu')).toBe(5.75 * HOUR);
		expect(zoneOffset(winter, 'Australia/Adelaide')).toBe(10.5 * HOUR);
		expect([winter, summer].map((at) => zoneOffset(at, 'Europe/Berlin'))).toEqual([HOUR, 2 * HOUR]);
	});
	it('takes the first of a time that happens twice', () => {
		const twice = Date.UTC(2026, 9, 25, 2, 30);
		expect(momentOf(twice, 'Europe/Berlin')).toBe(Date.UTC(2026, 9, 25, 0, 30));
	});
	it('takes a time that is skipped for the moment at which the clocks go on', () => {
		const skipped = Date.UTC(2026, 2, 29, 2, 20);
		expect(momentOf(skipped, 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 29, 1, 0));
	});
	it('begins a day without a midnight at its first moment', () => {
		// Beirut: at 00:00 on 29 March 2026 the clocks go on to 01:00.
		const noon = Date.UTC(2026, 2, 29, 9);
		expect(startOfDay(noon, 'Asia/Beirut')).toBe(Date.UTC(2026, 2, 28, 22));
		// Samoa left out 30 December 2011.
		expect(startOfDay(Date.UTC(2011, 11, 30, 9), 'Pacific/Apia', 1)).toBe(Date.UTC(2011, 11, 30, 10));
	});
	it('comes back from any moment of any zone, to the first time that the clocks read it', () => {
		const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Cairo'];
		const moment = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2035, 0, 1) });
		fc.assert(
			fc.property(moment, fc.constantFrom(...zones), (at, zone) => {
				const back = momentOf(localTime(at, zone), zone);
				expect(localTime(back, zone)).toBe(localTime(at, zone));
				expect(back).toBeLessThanOrEqual(at);
			})
		);
	});
});
