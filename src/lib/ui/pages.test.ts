import { describe, expect, it } from 'vitest';
import { pageHref } from './pages';

const url = (search: string) => new URL(`http://here/sessions${search}`);

describe('a link to another page', () => {
	it('takes along what is chosen for all pages, and no filter', () => {
		expect(pageHref('/costs', url('?from=now-7d&tz=Europe/Berlin&status=error&shop=a.example'))).toBe(
			'/costs?from=now-7d&tz=Europe/Berlin'
		);
	});
	it('stays with the shop that is looked at, for whoever looks at one of several at a time', () => {
		expect(pageHref('/costs', url('?shop=b.example&status=error'), ['a.example', 'b.example'])).toBe(
			'/costs?shop=b.example'
		);
		expect(pageHref('/costs', url('?shop=a.example'), ['a.example'])).toBe('/costs');
		expect(pageHref('/', url('?shop=b.example'), ['a.example', 'b.example'])).toBe('/');
	});
});
