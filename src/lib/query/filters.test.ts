import { describe, expect, it } from 'vitest';
import { isFault } from './fault';
import { readFilters, type FilterSpec } from './filters';
import { addressesBy, withParams } from './params';

const SPEC = {
	shop: 'text',
	status: 'words',
	errors: 'flag',
	cost_over: 'decimal',
	steps: 'whole',
	at: 'span'
} as const;
const read = (text: string, spec: FilterSpec = SPEC) => readFilters(spec, new URLSearchParams(text));

describe('filters', () => {
	it('are read by their kinds', () => {
		const asked =
			'shop=nordic&status=completed,error&status=error&errors=1&cost_over=0.10&steps=-3&other=x&at=2026-11-22T00:00:00Z/2026-11-22T10:00%2B09:00';
		expect(read(asked)).toEqual({
			shop: 'nordic',
			status: ['completed', 'error'],
			errors: true,
			cost_over: '0.10',
			steps: -3,
			at: { from: Date.UTC(2026, 10, 22), to: Date.UTC(2026, 10, 22, 1) }
		});
	});
	it('ask for a word as it is, also for one with spaces around it', () => {
		expect(read('shop=+a+b+&cost_over=+1+&steps=+2')).toMatchObject({ shop: ' a b ', cost_over: '1', steps: 2 });
		expect(read('shop=+')).toMatchObject({ shop: null });
	});
	it('are absent where a form sent an empty field', () => {
		expect(read('shop=&status=&errors=&cost_over=&at=')).toEqual({
			shop: null,
			status: [],
			errors: null,
			cost_over: null,
			steps: null,
			at: null
		});
	});
	it.each([
		['shop=%00', 'shop'],
		[`shop=${'x'.repeat(256)}`, 'shop'],
		[`status=${Array.from({ length: 21 }, (_, n) => `s${n}`).join(',')}`, 'status'],
		['status=a,b%00', 'status'],
		['errors=maybe', 'errors'],
		['cost_over=1e9', 'cost_over'],
		['cost_over=NaN', 'cost_over'],
		['steps=1.5', 'steps'],
		['at=2026-11-22/2026-11-23', 'at'],
		['at=2026-11-22T10:00:00Z', 'at'],
		['at=2026-11-22T10:00:00Z/2026-11-22T10:00:00Z', 'at'],
		['at=1999-11-22T10:00:00Z/2026-11-22T10:00:00Z', 'at'],
		['at=2026-11-22T10:00:00Z/2026-11-23T10:00:00Z/', 'at']
	])('are a fault: %s', (text, field) => {
		const values = read(text);
		expect(isFault(values) && values.field).toBe(field);
	});
});

describe('a link', () => {
	const url = new URL('http://x/sessions?shop=nordic&status=error&cursor=abc&theme=dark');
	it('keeps what it does not name, and leaves the place in the list', () => {
		expect(withParams(url, { shop: 'casa' })).toBe('/sessions?shop=casa&status=error&theme=dark');
		expect(withParams(url, { shop: null, status: [], theme: '' })).toBe('/sessions');
	});
	it('keeps filters when it turns the page', () => {
		expect(withParams(url, { cursor: 'def' })).toBe('/sessions?shop=nordic&status=error&cursor=def&theme=dark');
	});
	it('writes what is read back', () => {
		const link = withParams(new URL('http://x/s'), {
			shop: 'a b&c',
			status: ['x', 'y'],
			errors: true,
			cost_over: '0.5'
		});
		expect(link).toContain('status=x,y');
		expect(readFilters(SPEC, new URL(link, url).searchParams)).toMatchObject({
			shop: 'a b&c',
			status: ['x', 'y'],
			errors: true,
			cost_over: '0.5'
		});
	});
	it.each(['2a110d45', 'nordic.myshopify.com', 'a b&c', '(none)', '50%', 'ü', ''])(
		'is the same, made once for many rows: %s',
		(word) => {
			const list = (group: string) => withParams(url, { group });
			const within = (group: string) => withParams(url, { list: list(group) });
			expect(addressesBy(list)(word)).toBe(list(word));
			expect(addressesBy(within)(word)).toBe(within(word));
		}
	);
});
