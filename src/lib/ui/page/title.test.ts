import { describe, expect, it } from 'vitest';
import { pageTitle } from './title';

const title = (query: string) => pageTitle('Sessions', new URL(`http://x/sessions?${query}`));

describe('the title of a page', () => {
	it('is its name, whatever the range, the zone and the place in the list', () => {
		expect(title('from=now-7d&to=now&tz=UTC&theme=dark&cursor=abc&sort=seen')).toBe('Sessions · Control Room');
	});
	it('says what the page is filtered by', () => {
		expect(title('shop=a.example&status=abandoned,error&errors=1&cost_over=0.25&q=')).toBe(
			'Sessions: a.example, abandoned, error, errors 1, cost_over 0.25 · Control Room'
		);
	});
	it('stays short, and whole characters', () => {
		expect(title(`product=${encodeURIComponent('🛋️'.repeat(100))}`)).toMatch(/^Sessions: (🛋️){40}… · Control Room$/u);
	});
});
