import { expect, test } from 'vitest';
import { sessionCard } from '../../../../tests/support/states';
import { entryGroups } from './entries';

const url = new URL('http://room/costs?from=now-24h&shop=a&tz=Europe%2FBerlin');

test('without a text there are all pages that the reader may see, and the reader’s zone goes along', () => {
	const [pages, ...others] = entryGroups(' ', null, url, ['/', '/errors', '/system', '/audit']);
	expect(others).toEqual([]);
	expect(pages?.entries.map(({ title }) => title)).toEqual(['Control Room', 'Errors', 'System', 'Audit']);
	expect(pages?.entries.find(({ title }) => title === 'Errors')?.href).toBe('/errors?from=now-24h&tz=Europe/Berlin');
});

test('what was found leads to its page, whatever characters its name has', () => {
	const found = {
		sessions: [sessionCard({ sessionId: 'a/b?c', product: null, shop: null })],
		shops: [{ shop: 'x y.example', sessions: 1, lastSessionAt: null }],
		groups: [{ group: 'f00', code: null, message: 'it broke', errors: 1200 }]
	};
	const entries = entryGroups('nothing of a page', found, new URL('http://room/'), ['/']).flatMap(
		(group) => group.entries
	);
	expect(entries.map(({ href }) => href)).toEqual(['/sessions/a%2Fb%3Fc', '/shops/x%20y.example', '/errors/f00']);
	expect(entries.map(({ title }) => title)).toEqual(['Session a/b?c', 'x y.example', 'it broke']);
	expect(entries.at(-1)?.detail).toBe('1,200 errors');
});
