/**
 * Whoever sees some shops alone learns nothing of others: on no page, from no operation, in no file and by no search. One
 * server has the events of several shops, another those of shop a alone; what the first says to somebody who sees only
 * shop a is what the second says to anybody. Each route of the policy is asked, so that a new one is. One file,
 * because all are asked of these two servers.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLICY } from '../../src/lib/server/access/policy';
import { hashOf, newId, newSecret } from '../../src/lib/server/access/secrets';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD } from '../support/door';
import { eventsOf, sessionOf, type Mark } from '../support/marked';
import { useProcess } from '../support/process';

const A: Mark = { shop: 'mark-a.example', word: 'mark-a', number: '1110001', sessions: 5 };
const B: Mark = { shop: 'mark-b.example', word: 'mark-b', number: '7770002', sessions: 9 };
const C: Mark = { shop: 'mark-c.example', word: 'mark-c', number: '3330003', sessions: 2 };
const NAMELESS: Mark = { shop: null, word: 'mark-n', number: '8880004', sessions: 3 };
/** As long as shop b's, and never heard of. */
const UNKNOWN = 'mark-u.example';
const UNKNOWN_GROUP = '0f'.repeat(16);
const SECRETS = /mark-[bn]|7770002|8880004/;
const NOW = Date.now();
const RANGE = `from=${new Date(NOW - 7 * 86_400_000).toISOString()}&to=${new Date(NOW + 60_000).toISOString()}`;

type Headers = Record<string, string>;
interface Side {
	database: TestDatabase;
	/** An administrator's login, a viewer's of shop a, and one's of a and c; tokens of all shops, of a, and of a and c. */
	admin: Headers;
	viewer: Headers;
	viewerOfTwo: Headers;
	token: Headers;
	limited: Headers;
	limitedToTwo: Headers;
}

async function side(marks: readonly Mark[]): Promise<Side> {
	const database = await testDatabase();
	const { sql } = database;
	await commitEvents(
		sql,
		marks.flatMap((mark) => eventsOf(mark, NOW))
	);
	const login = async (role: string, shops: string[] | null): Promise<Headers> => {
		const [id, secret] = [newId(), newSecret()];
		await sql`insert into users (id, name, role, shops) values (${id}, ${id.toLowerCase()}, ${role}, ${shops})`;
		await sql`
			insert into logins (id, token_hash, user_id, expires_at)
			values (${newId()}, ${hashOf(secret)}, ${id}, now() + interval '1 hour')`;
		return { cookie: `login=${secret}`, accept: 'text/html' };
	};
	const token = async (shops: string[] | null): Promise<Headers> => {
		const secret = newSecret();
		await sql`
			insert into api_tokens (id, name, token_hash, scopes, shops, created_by)
			values (${newId()}, 'reader', ${hashOf(secret)}, array['read'], ${shops}, 'test')`;
		return { authorization: `Bearer ${secret}` };
	};
	const two = ['mark-a.example', 'mark-c.example'];
	return {
		database,
		admin: await login('admin', null),
		viewer: await login('viewer', ['mark-a.example']),
		viewerOfTwo: await login('viewer', two),
		token: await token(null),
		limited: await token(['mark-a.example']),
		limitedToTwo: await token(two)
	};
}

let mixed: Side;
let alone: Side;
/** Sessions that are under way stay so, however long these tests take. */
const SETTINGS = { PORT: '0', ADMIN_PASSWORD, SESSION_TIMEOUT_SECONDS: '86400' };
const mixedServer = useProcess(async () => {
	mixed = await side([A, B, C, NAMELESS]);
	return { ...SETTINGS, DATABASE_URL: mixed.database.url };
});
const aloneServer = useProcess(async () => {
	alone = await side([A]);
	return { ...SETTINGS, DATABASE_URL: alone.database.url };
});
const groups: Record<'own' | 'shared' | 'foreign', string> = { own: '', shared: '', foreign: '' };

beforeAll(async () => {
	const rows = await mixed.database.sql<{ code: string; group: string }[]>`
		select distinct error_code as code, group_key as group from error_events`;
	const of = (code: string) => rows.find((row) => row.code === code)?.group ?? '';
	Object.assign(groups, { own: of('mark-a-code'), shared: of('E_SHARED'), foreign: of('mark-b-code') });
});
afterAll(() => Promise.all([mixed.database.drop(), alone.database.drop()]));

interface Answer {
	status: number;
	location: string | null;
	body: string;
}

async function ask(address: string, path: string, headers: Headers): Promise<Answer> {
	const answer = await fetch(address + path, { headers, redirect: 'manual' });
	return { status: answer.status, location: answer.headers.get('location'), body: await answer.text() };
}
const fromMixed = (path: string, who: Headers) => ask(mixedServer().address, path, who);
const fromAlone = (path: string, who: Headers) => ask(aloneServer().address, path, who);

/** How often two answers that differ are asked for again. */
const TRIES = 20;

/**
 * Two answers to the same question, asked for at the same time and again until they are the same. What differs because a
 * second has passed between them ("4:32", "just now") soon does not; what differs for good does each time.
 */
async function bothOf<T>(one: () => Promise<T>, other: () => Promise<T>): Promise<[T, T]> {
	for (let tries = 1; ; tries++) {
		const both = await Promise.all([one(), other()]);
		if (tries === TRIES || isDeepStrictEqual(both[0], both[1])) return both;
	}
}

/** What a path's parameters may be: of the shop that one sees, and of others. */
const OWN: Record<string, () => string> = {
	'[sessionId]': () => sessionOf(A, 2),
	'[domain]': () => 'mark-a.example',
	'[group]': () => groups.shared
};
const FOREIGN: Record<string, () => string[]> = {
	'[sessionId]': () => [sessionOf(B, 1), sessionOf(NAMELESS, 1)],
	'[domain]': () => ['mark-b.example'],
	'[group]': () => [groups.foreign]
};
const UNHEARD: Record<string, string> = {
	'[sessionId]': 's-mark-u-1',
	'[domain]': UNKNOWN,
	'[group]': UNKNOWN_GROUP
};

/** The routes that somebody who sees some shops alone may read, with a path of their own shop. */
function routes(): { route: string; path: string; isOfApi: boolean }[] {
	return Object.entries(POLICY)
		.filter(([, { read }]) => read.right === 'view')
		.map(([route]) => ({
			route,
			path: route.replaceAll(/\[\w+\]/g, (name) => OWN[name]?.() ?? name),
			isOfApi: route.startsWith('/api/')
		}));
}

/** What an address can ask of the rows of others, without their name in it. */
const HOSTILE = [
	'',
	'shop=mark-a.example',
	'shop=mark-a.example&shop=mark-c.example',
	'shop=',
	'shop=%20',
	'sort=seen',
	'sort=attention',
	'view=list',
	'by=ended',
	'by=hit&error_severity=critical,error,warning',
	'status=ended',
	'status=in_progress',
	'q=mark',
	'product=mark',
	'field=nested.deep',
	'type=error,ai_request',
	'type=error',
	'attention=0',
	'active=1',
	'limit=500',
	'format=csv',
	'from=now-1h',
	'list=shop%3Dmark-a.example'
];

describe('of other shops', () => {
	it('no page and no operation shows anything, whatever it is asked', async () => {
		const asked = [];
		for (const { path, isOfApi } of routes()) {
			for (const query of HOSTILE) {
				const full = `${path}?${query}${query.includes('from=') ? '' : `&${RANGE}`}`;
				const who = isOfApi ? [mixed.limited, mixed.viewer] : [mixed.viewer];
				for (const headers of who) {
					const { status, body } = await fromMixed(full, headers);
					const shown = SECRETS.exec(body);
					const around = shown && body.slice(Math.max(0, shown.index - 120), shown.index + 60);
					if (around !== null || status >= 500 || status === 403) asked.push({ full, status, around });
				}
			}
		}
		expect(asked).toEqual([]);
	});

	it('a page or an operation that is asked for one answers as if nobody knew it', async () => {
		const told: Record<string, [string, string]> = {};
		for (const { route, path, isOfApi } of routes()) {
			for (const [foreign, unheard] of pairs(route, path)) {
				const who = isOfApi ? mixed.limited : mixed.viewer;
				const asked = async (path: string) => plain(await fromMixed(path, who));
				told[foreign] = await bothOf(
					() => asked(foreign),
					() => asked(unheard)
				);
			}
		}
		const different = Object.entries(told).flatMap(([path, [one, other]]) => {
			let at = 0;
			while (at < one.length && one[at] === other[at]) at += 1;
			if (one === other) return [];
			const around = (text: string) => text.slice(Math.max(0, at - 80), at + 80);
			return [{ path, one: around(one), other: around(other) }];
		});
		expect(different).toEqual([]);
	});

	it('an unlimited visitor sees all, so that there is something to hide', async () => {
		for (const path of [`/sessions?${RANGE}`, `/errors/${groups.shared}?${RANGE}`, '/shops', '/search?q=mark-b']) {
			expect((await fromMixed(path, mixed.admin)).body).toMatch(SECRETS);
		}
	});
});

/** Addresses that name what is another shop's, each with the same that nobody has heard of. */
function pairs(route: string, path: string): [foreign: string, unheard: string][] {
	const parameter = /\[\w+\]/.exec(route)?.[0];
	const ofPath = (parameter ? (FOREIGN[parameter]?.() ?? []) : []).map((value): [string, string] => [
		`${route.replace(parameter ?? '', value)}?${RANGE}`,
		`${route.replace(parameter ?? '', UNHEARD[parameter ?? ''] ?? '')}?${RANGE}`
	]);
	const asked: [name: string, foreign: string, unheard: string][] = [
		['shop', 'mark-b.example', UNKNOWN],
		['shop', '(none)', '(nono)'],
		['shop', 'mark-a.example,mark-b.example', `mark-a.example,${UNKNOWN}`],
		['error_shop', 'mark-b.example', UNKNOWN],
		['group', groups.foreign, UNKNOWN_GROUP],
		['session', sessionOf(B, 1), 's-mark-u-1'],
		['q', 'mark-b', 'mark-u'],
		['error_q', '7770002', '7770009'],
		['provider', 'mark-b-ai', 'mark-u-ai'],
		['product_is', 'mark-b-sofa 1', 'mark-u-sofa 1'],
		['device', 'mark-b-phone', 'mark-u-phone'],
		['type', 'mark-b-custom', 'mark-u-custom'],
		['value', 'mark-b-value', 'mark-u-value'],
		['event', 'mark-b-custom', 'mark-u-custom']
	];
	return [
		...ofPath,
		...asked.map(([name, foreign, unheard]): [string, string] => [
			`${path}?${name}=${encodeURIComponent(foreign)}&${RANGE}`,
			`${path}?${name}=${encodeURIComponent(unheard)}&${RANGE}`
		])
	];
}

/** What addresses name of others, with what stands for it where nobody has heard of it. */
function names(): [RegExp, string][] {
	return [
		[/mark-b/g, 'mark-u'],
		[/\(none\)|%28none%29|%28nono%29/g, '(nono)'],
		[/7770002/g, '7770009'],
		[/s-mark-n-1/g, 's-mark-u-1'],
		[new RegExp(groups.foreign, 'g'), UNKNOWN_GROUP]
	];
}

/** An answer without what differs from one moment to the next, and with other names. */
function plain({ status, location, body }: Answer): string {
	const text = names().reduce(
		(before, [pattern, name]) => before.replaceAll(pattern, name),
		`${location ?? ''}\n${body}`
	);
	return `${status} ${text
		.replaceAll(/nonce(-|=")[\w+/=-]+/g, 'nonce')
		.replaceAll(/\b1[78]\d{11}(\.\d+)?\b/g, 'TIME')
		.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
		.replaceAll(/\b\d\d:\d\d:\d\d\b/g, 'TIME')
		// How often the session's story was read.
		.replaceAll(/\\"seq\\":\d+/g, 'SEQ')
		.replaceAll(/"daysLeft":[\d.]+|daysLeft:[\d.]+/g, 'LEFT')}`;
}

describe('what a token limited to one shop is told', () => {
	const questions = ['', 'sort=seen', 'q=mark', 'type=error', 'by=hit', 'status=completed', 'field=nested.deep&value=mark-a-deep', 'device=mark-a-phone']; // prettier-ignore

	it.each(['json', 'csv'])('is what a server is asked that has the events of no other: %s', async (format) => {
		for (const { route, path } of routes().filter(({ route }) => route.startsWith('/api/v1/'))) {
			let longest = 0;
			for (const question of questions) {
				const full = `${path}?${question}&format=${format}&${RANGE}`;
				const shown = async (answer: Promise<Answer>) => {
					const { status, body } = await answer;
					longest = Math.max(longest, body.length);
					return { route, question, status, body: steady(body) };
				};
				const [own, known] = await bothOf(
					() => shown(fromMixed(full, mixed.limited)),
					// The other server's answer without a filter where there is none, else with the same.
					() => shown(fromAlone(`${full}&shop=mark-a.example`, alone.token))
				);
				expect(own).toEqual(known);
			}
			if (format === 'json') expect([route, longest > 100]).toEqual([route, true]);
		}
	});

	it('goes on from where another’s list ended, and shows only its own', async () => {
		let cursors = 0;
		for (const { path } of routes().filter(({ route }) => route.startsWith('/api/v1/'))) {
			const first = await fromMixed(`${path}?limit=2&${RANGE}`, mixed.token);
			const { nextCursor } = JSON.parse(first.body) as { nextCursor?: string | null };
			if (!nextCursor) continue;
			cursors += 1;
			const { status, body } = await fromMixed(`${path}?cursor=${nextCursor}&${RANGE}`, mixed.limited);
			expect([path, status, SECRETS.exec(body)]).toEqual([path, 200, null]);
		}
		expect(cursors).toBeGreaterThan(4);
	});
});

/** What is worked out for this very moment differs from one answer to the next. */
function steady(body: string): unknown {
	try {
		return JSON.parse(body, (key, value: unknown) => (['daysLeft', 'total'].includes(key) && typeof value !== 'object' ? null : value)) as unknown; // prettier-ignore
	} catch {
		return body;
	}
}

describe('who sees several shops', () => {
	it('looks at one at a time, and may choose from these alone', async () => {
		const sent = await fromMixed(`/sessions?status=completed&${RANGE}`, mixed.viewerOfTwo);
		expect(sent.status).toBe(307);
		expect(sent.location).toContain('shop=mark-a.example');
		const page = await fromMixed(`/sessions?shop=mark-c.example&${RANGE}`, mixed.viewerOfTwo);
		expect(page.body).toContain('mark-c-sofa');
		expect(page.body).not.toMatch(/mark-a-sofa|mark-b/);
		const options = [...(/<select[^>]*name="shop".*?<\/select>/s.exec(page.body)?.[0] ?? '').matchAll(/<option value="([^"]*)"/g)];
		expect(options.map(([, value]) => value)).toEqual(['mark-a.example', 'mark-c.example']);
	}); // prettier-ignore

	it('is sent to the one that has a group of errors', async () => {
		const [row] = await mixed.database.sql<{ group: string }[]>`
			select group_key as group from error_events where error_code = 'mark-c-code' limit 1`;
		const sent = await fromMixed(`/errors/${row?.group ?? ''}?${RANGE}`, mixed.viewerOfTwo);
		expect([sent.status, sent.location?.includes('shop=mark-c.example')]).toEqual([307, true]);
		expect((await fromMixed(`/errors/${row?.group ?? ''}?shop=mark-a.example`, mixed.viewerOfTwo)).status).toBe(404);
	});

	it('has to name one where the API asks about one', async () => {
		const unnamed = await fromMixed(`/api/v1/sessions?${RANGE}`, mixed.limitedToTwo);
		expect(unnamed.status).toBe(400);
		expect(unnamed.body).toContain('“shop” must be one of mark-a.example, mark-c.example.');
		const named = await fromMixed(`/api/v1/sessions?shop=mark-c.example&${RANGE}`, mixed.limitedToTwo);
		expect(JSON.parse(named.body)).toMatchObject({ count: C.sessions });
		const foreign = await fromMixed(`/api/v1/sessions?shop=mark-b.example&${RANGE}`, mixed.limitedToTwo);
		expect(foreign.status).toBe(404);
	});

	it('finds and lists what is of all of them', async () => {
		const shops = await fromMixed(`/api/v1/shops?${RANGE}`, mixed.limitedToTwo);
		const { rows, total } = JSON.parse(shops.body) as { rows: { domain: string }[]; total: { sessions: number } };
		expect(rows.map(({ domain }) => domain).sort()).toEqual(['mark-a.example', 'mark-c.example']);
		expect(total.sessions).toBe(A.sessions + C.sessions);
		const found = await fromMixed('/api/v1/search?q=mark', mixed.limitedToTwo);
		expect(found.body).toContain('mark-c');
		expect(found.body).not.toMatch(SECRETS);
	});
});
