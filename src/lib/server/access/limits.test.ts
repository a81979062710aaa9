import { describe, expect, it } from 'vitest';
import { Buckets } from './buckets';
import { AddressLimit, ingestLimit, keyLimit, networkOf, PageLimits } from './limits';
import { AT_THE_MACHINE, NOBODY } from './visitor';

const from = (address: string, headers: Record<string, string> = {}) => ({ address, headers: new Headers(headers) });
const isZero = (seconds: number) => seconds === 0;

describe('a limit by address', () => {
	it('lets bursts of ten seconds through, then as many a second as it says, and each address has its own', () => {
		let now = 0;
		const limit = new AddressLimit({ perSecond: 5, burst: 50, clock: () => now });
		const hundred = () => Array.from({ length: 100 }, () => limit.take(from('203.0.113.7'))).filter(isZero).length;
		expect(hundred()).toBe(50);
		expect(limit.take(from('203.0.113.7'))).toBe(1);
		expect(limit.take(from('203.0.113.8'))).toBe(0);
		now += 2_000;
		expect(hundred()).toBe(10);
	});

	it('does not limit programs of this machine, but whom a proxy of the machine asks for', () => {
		const limit = new AddressLimit({ perSecond: 1, burst: 1 });
		const take = (headers?: Record<string, string>) => limit.take(from('127.0.0.1', headers));
		expect([take(), take(), take()]).toEqual([0, 0, 0]);
		expect([take({ 'x-forwarded-for': '127.0.0.1' }), take({ via: '1.1 proxy' })]).toEqual([0, 1]);
	});

	it('is none at 0', () => {
		const limit = ingestLimit(0);
		expect(Array.from({ length: 10_000 }, () => limit.take(from('203.0.113.7'))).every(isZero)).toBe(true);
	});

	it('counts a network of IPv6 as one, however its addresses are written', () => {
		expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
		expect(networkOf('2001:0db8:0001:0002:0000:0000:0000:0001')).toBe('2001:db8:1:2');
		expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0');
		expect(networkOf('2001:db8::5:6:7:8')).toBe('2001:db8:0:0');
		expect(networkOf('::1')).toBe('0:0:0:0');
		expect(networkOf('203.0.113.7')).toBe('203.0.113.7');
	});
});

describe('a limit by write key', () => {
	it('is one for all addresses that use the key, and none of another key or of programs of this machine', () => {
		const limit = keyLimit(5);
		const answers = Array.from({ length: 100 }, (_, n) => limit.take('key', from(`203.0.113.${n}`)));
		expect(answers.slice(0, 50).every(isZero)).toBe(true);
		expect(answers.filter(isZero).length).toBeLessThan(60);
		expect(limit.take('other', from('203.0.113.7'))).toBe(0);
		expect(limit.take('key', from('127.0.0.1'))).toBe(0);
		expect(limit.take('key', from('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }))).toBeGreaterThan(0);
	});

	it('is none at 0', () => {
		const limit = keyLimit(0);
		expect(Array.from({ length: 10_000 }, () => limit.take('key', from('203.0.113.7'))).every(isZero)).toBe(true);
	});
});

describe('limits of pages', () => {
	it('give each login its own, whatever address it comes from, and one to all who are nobody at an address', () => {
		const limits = new PageLimits();
		const user = (login: string) => ({ ...NOBODY, kind: 'user' as const, login });
		const let1000 = (visitor: Parameters<PageLimits['of']>[0], asker: ReturnType<typeof from>) =>
			Array.from({ length: 1_000 }, () => limits.of(visitor, asker)).filter(isZero).length;
		expect(let1000(user('a'), from('203.0.113.7'))).toBeLessThan(500);
		expect(limits.of(user('a'), from('203.0.113.8'))).toBeGreaterThan(0);
		expect(limits.of(user('b'), from('203.0.113.7'))).toBe(0);
		expect(let1000(NOBODY, from('203.0.113.7'))).toBeLessThan(300);
		expect(limits.of(NOBODY, from('203.0.113.8'))).toBe(0);
		expect(let1000(AT_THE_MACHINE, from('127.0.0.1'))).toBe(1_000);
	});
});

describe('the memory of buckets', () => {
	it('is bounded, whoever comes, and goes back when they are gone', () => {
		let now = 0;
		const buckets = new Buckets({ perSecond: 1, burst: 10, most: 1_000, clock: () => now });
		for (let n = 0; n < 20_000; n++) buckets.take(`address ${n}`);
		expect(buckets.size).toBeLessThanOrEqual(1_000);
		now += 60_000;
		buckets.take('one more');
		expect(buckets.size).toBe(1);
	});
});
