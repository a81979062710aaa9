import { describe, expect, it } from 'vitest';
import { NOON } from '../../../tests/support/states';
import {
	absolute,
	ago,
	count,
	counted,
	duration,
	money,
	moneyColumn,
	moneyExact,
	moneyShort,
	share,
	stopwatch,
	timeOfDay,
	windowLength,
	zoneName
} from './format';

describe('numbers', () => {
	it('are grouped', () => expect(count(1234)).toBe('1,234'));
	it('are of one thing, or of several', () =>
		expect([0, 1, 2, 1000].map((number) => counted(number, 'set-ups'))).toEqual(['0 set-ups', '1 set-up', '2 set-ups', '1,000 set-ups'])); // prettier-ignore
	it('never round a share up to all or down to nothing', () => {
		expect([share(0.877), share(0.99999), share(1), share(0.00001), share(0)]).toEqual([
			'87.7%',
			'99.9%',
			'100%',
			'0.1%',
			'0%'
		]);
	});
	it('keep money exact to the last decimal', () => {
		expect(moneyExact('12345678901234567.0042')).toBe('$12,345,678,901,234,567.0042');
		expect(moneyExact('')).toBe('–');
	});
	it('write the money of a column alike, and exactly', () => {
		const columns = [
			['1.2', '0.0345', '1234'],
			['0.5000', '2'],
			['0.0000005', '3'],
			['12345678901234567.25', '-0.125'],
			['0', null]
		];
		expect(
			columns.map((column) => column.flatMap((value) => (value === null ? [] : moneyColumn(column)(value))))
		).toEqual([
			['$1.2000', '$0.0345', '$1,234.0000'],
			['$0.50', '$2.00'],
			['$0.0000005', '$3.0000000'],
			['$12,345,678,901,234,567.250', '-$0.125'],
			['$0.00']
		]);
		expect(moneyColumn([])('')).toBe('–');
	});
	it('write nothing as $0.00 in a column of small amounts too, its point below theirs', () => {
		const column = moneyColumn(['0.00345', '0']);
		expect(['0', '0.000000', '-0.00', '0.00001'].map(column)).toEqual([
			...Array<string>(3).fill('$0.00\u2007\u2007\u2007'),
			'$0.00001'
		]);
	});
	it('round money to what can be grasped', () => {
		expect(['111.36405', '0.056358', '1234567.891', '0', '-0.5'].map(money)).toEqual([
			'$111.36',
			'$0.0564',
			'$1,234,567.89',
			'$0.00',
			'-$0.50'
		]);
	});
	it('shorten money to what fits a key figure', () => {
		expect(['0', '0.042', '41.2035', '1234.56', '12345'].map(moneyShort)).toEqual([
			'$0.00',
			'$0.042',
			'$41.20',
			'$1,235',
			'$12.3K'
		]);
	});
});

describe('times', () => {
	it('run like a stopwatch', () => {
		expect([0, 42_900, 725_000, 3_725_000, 273_600_000].map(stopwatch)).toEqual([
			'0:00',
			'0:42',
			'12:05',
			'1:02:05',
			'3 d 4 h'
		]);
		expect(stopwatch(-5_000)).toBe('0:00');
	});
	it('say how long something took', () => {
		expect([340, 8_120, 42_000, 134_000, 3_900_000, -2_000].map(duration)).toEqual([
			'340 ms',
			'8.1 s',
			'42 s',
			'2 min 14 s',
			'1 h 5 min',
			'−2.0 s'
		]);
	});
	it('say how long ago something was, and now for what a clock’s error puts ahead', () => {
		expect([-5_000, 1_000, 42_000, 200_000, 8_000_000].map((ms) => ago(NOON - ms, NOON))).toEqual([
			'now',
			'now',
			'42 s ago',
			'3 min ago',
			'2 h ago'
		]);
	});
	it('are written in the zone that was asked for, and name it', () => {
		expect(timeOfDay(NOON, 'UTC')).toBe('14:02');
		expect(timeOfDay(NOON, 'Asia/Tokyo')).toBe('23:02');
		expect(zoneName(NOON, 'UTC')).toBe('UTC');
		expect(absolute(NOON, 'UTC')).toMatch(/November.*2026.*14:02:30.*UTC/);
	});
	it('survive a client’s impossible clock', () => expect(timeOfDay(1e18, 'UTC')).toBe('–'));
	it('name a window', () =>
		expect([86_400_000, 604_800_000, 1_800_000].map(windowLength)).toEqual(['24 h', '7 d', '30 min']));
});
