import { describe, expect, it } from 'vitest';
import { readOptions } from './options';
import { dollars } from './summary';

const read = (...args: string[]) => readOptions(args, 'http://127.0.0.1:3000', 'chance');

describe('the options of simulate', () => {
	it('have defaults for all: shoppers for ten minutes beside the server of this machine', () => {
		expect(read()).toEqual({
			kind: 'live',
			seed: 'chance',
			shops: 25,
			sessionsPerMinute: 60,
			minutes: 10,
			speed: 1,
			endpoint: 'http://127.0.0.1:3000/api/analytics/events'
		});
	});

	it('ask for a history with a span', () => {
		const wish = { kind: 'history', seed: '7', shops: 30, events: 5_000_000, spanMs: 90 * 24 * 3_600_000 };
		expect(read('--backdate', '90d', '--events', '5000000', '--seed', '7')).toEqual(wish);
		expect(read('--backdate', '36h')).toMatchObject({ spanMs: 36 * 3_600_000, events: 500_000 });
	});

	it.each([
		[['--backdate', 'soon'], '--backdate must be a number of days or hours'],
		[['--backdate', '0d'], '--backdate must be'],
		[['--events', '5'], '--backdate'],
		[['--backdate', '1d', '--speed', '2'], '--speed has no meaning with --backdate'],
		[['--shops', '0'], '--shops must be a whole number from 1'],
		[['--shops', '2.5'], '--shops must be a whole number'],
		[['--minutes', '-1'], '--minutes'],
		[['--speed', '1e3'], '--speed must be a number'],
		[['--endpoint', 'localhost'], '--endpoint must be a URL'],
		[['--sead', '7'], '--sead'],
		[['more'], 'more']
	])('refuse %j and name what is wrong', (args, message) => {
		const wish = read(...args);
		expect(wish).toMatchObject({ kind: 'fault' });
		expect(wish.kind === 'fault' && wish.message).toContain(message);
	});
});

it('sums of money are written exactly', () => {
	expect([0, 1, 41_200, 1_500_000, 12_345_678_901].map(dollars)).toEqual([
		'0.00',
		'0.000001',
		'0.0412',
		'1.50',
		'12345.678901'
	]);
});
