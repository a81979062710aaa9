import { describe, expect, it } from 'vitest';
import { isFault } from './fault';
import { scopeOf } from './scope';

const FILTERS = { shop: 'text', q: 'text' } as const;
const asked = (shops: readonly string[] | null, query: string, filters: Record<string, 'text'> = FILTERS, keeps?: 'scope' | 'shops' | 'nothing') => {
	const scoped = scopeOf(shops, filters, keeps, new URLSearchParams(query));
	if (typeof scoped === 'string' || isFault(scoped)) return scoped;
	return { scope: scoped.scope, shop: scoped.params.getAll('shop') };
}; // prettier-ignore

describe('who sees some shops alone', () => {
	it('looks at the only one unasked, and at one of several that is named', () => {
		expect(asked(['a'], '')).toEqual({ scope: 'a', shop: ['a'] });
		expect(asked(['a'], 'shop=')).toEqual({ scope: 'a', shop: ['a'] });
		expect(asked(['a', 'c'], 'shop=c&q=x')).toEqual({ scope: 'c', shop: ['c'] });
		expect(asked(['a', 'c'], 'q=x')).toBe('choose');
	});

	it('never gets further by naming others, however they are written', () => {
		for (const query of ['shop=b', 'shop=b&shop=a', 'shop=a,b', 'shop=%20a', 'shop=A', 'shop=(none)', 'error_shop=b']) {
			expect([query, asked(['a'], query)]).toEqual([query, 'unknown']);
		}
		// The filter reads the first of them, and so does this.
		expect(asked(['a'], 'shop=a&shop=b')).toEqual({ scope: 'a', shop: ['a'] });
		expect(asked(['a', '(none)'], 'shop=(none)')).toBe('unknown');
	});

	it('is refused what does not say how it keeps to shops', () => {
		expect(asked(['a'], '', { q: 'text' })).toBe('forbidden');
		expect(asked(['a'], '', { q: 'text' }, 'scope')).toEqual({ scope: 'a', shop: ['a'] });
		expect(asked(['a', 'c'], 'shop=b', { q: 'text' }, 'scope')).toBe('unknown');
		expect(asked(['a', 'c'], '', { q: 'text' }, 'shops')).toEqual({ scope: null, shop: [] });
	});
});

it('who sees all shops is asked nothing', () => {
	expect(asked(null, 'shop=b')).toEqual({ scope: null, shop: ['b'] });
	expect(asked(null, '', { q: 'text' })).toEqual({ scope: null, shop: [] });
});
