import { expect, test } from 'vitest';
import { AT_THE_MACHINE, may, NOBODY, sees, type Right, type Visitor } from './visitor';

const RIGHTS: readonly Right[] = ['public', 'wall', 'view', 'view all', 'operate', 'administer'];
const user = (role: Visitor['role'], shops: string[] | null = null): Visitor => ({
	...NOBODY,
	kind: 'user',
	role,
	shops
});

test.each<[string, Visitor, Right[]]>([
	['nobody', NOBODY, ['public']],
	['whoever is at a machine that is open to itself', AT_THE_MACHINE, [...RIGHTS]],
	['a screen', { ...NOBODY, kind: 'screen' }, ['public', 'wall']],
	['a screen that somebody gave a role to', { ...NOBODY, kind: 'screen', role: 'admin' }, ['public', 'wall']],
	['a viewer of all shops', user('viewer'), ['public', 'wall', 'view', 'view all']],
	['a viewer of some shops', user('viewer', ['a.example']), ['public', 'wall', 'view']],
	['an operator', user('operator'), ['public', 'wall', 'view', 'view all', 'operate']],
	['an administrator', user('admin'), [...RIGHTS]]
])('%s may do so much', (_, visitor, rights) => {
	expect(RIGHTS.filter((right) => may(visitor, { right }))).toEqual(rights);
});

test('a token may do what its scopes say, where tokens are taken at all, and what is of no shop only if it is for all', () => {
	const token: Visitor = { ...NOBODY, kind: 'token', scopes: ['read'] };
	expect(may(token, { right: 'view', scope: 'read' })).toBe(true);
	expect(may(token, { right: 'view' })).toBe(false);
	expect(may(token, { right: 'operate', scope: 'backfill' })).toBe(false);
	expect(may(token, { right: 'view all', scope: 'read' })).toBe(true);
	expect(may({ ...token, shops: ['a.example'] }, { right: 'view all', scope: 'read' })).toBe(false);
});

test('who sees some shops sees these alone, and nothing that has no shop', () => {
	expect([sees(user('viewer'), null), sees(user('viewer'), 'a.example')]).toEqual([true, true]);
	const some = user('viewer', ['a.example']);
	expect([sees(some, 'a.example'), sees(some, 'A.example'), sees(some, ''), sees(some, null)]).toEqual([
		true,
		false,
		false,
		false
	]);
});
