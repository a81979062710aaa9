import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { keepsTo, POLICY, ruleOf } from './policy';
import { may, NOBODY } from './visitor';

/** The ids of all routes that answer something. */
function routes(): string[] {
	const files = readdirSync('src/routes', { recursive: true, encoding: 'utf8' }).map((name) =>
		name.replaceAll('\\', '/')
	);
	const answering = files.filter((name) => /(^|\/)\+(page\.svelte|page\.server\.ts|server\.ts)$/.test(name));
	return [...new Set(answering.map((name) => dirname(`/${name}`)))].sort();
}

test('every route says what it asks for, and nothing else does', () => {
	expect(routes().length).toBeGreaterThan(30);
	expect(Object.keys(POLICY).sort()).toEqual(routes());
});

test('nobody gets anywhere but to the doors, and to what has a check of its own', () => {
	const reached = routes().filter((id) => may(NOBODY, ruleOf(id, 'GET')) || may(NOBODY, ruleOf(id, 'POST')));
	expect(reached.filter((id) => id !== '/screen')).toEqual([
		'/api/analytics/events',
		'/api/webhooks/shopify',
		'/login',
		'/logout',
		'/welcome'
	]);
});

test('a route that says nothing is for administrators alone', () => {
	expect(ruleOf('/made-up', 'GET')).toEqual({ right: 'administer' });
});

test('what is answered to who sees some shops alone reads with these, but for those that say why not', () => {
	const unread = Object.keys(POLICY).filter((id) => keepsTo({ shops: ['a.example'] }, id, false));
	// A further one is to be thought about: neither pageQuery nor answer limits what it reads.
	expect(unread).toEqual([
		'/',
		'/sessions/[sessionId]',
		'/demo',
		'/docs/api',
		'/account',
		'/screen',
		'/login',
		'/welcome',
		'/logout',
		'/api/analytics/events',
		'/api/webhooks/shopify',
		'/api/openapi.json',
		'/api/v1/sessions/[sessionId]'
	]);
	expect(keepsTo({ shops: ['a.example'] }, '/sessions', true)).toBe(true);
	expect(keepsTo({ shops: null }, '/made-up', false)).toBe(true);
});
