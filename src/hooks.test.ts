/** What stands before every route, whichever it is: asked here with routes that are not there. */
import type { RequestEvent } from '@sveltejs/kit';
import { expect, test } from 'vitest';
import { NOBODY, type Visitor } from '$lib/server/access/visitor';
import { handle } from './hooks.server';

const LIMITED: Visitor = {
	...NOBODY,
	kind: 'user',
	id: 'vera',
	name: 'vera',
	role: 'viewer',
	shops: ['a.example'],
	login: 'l'
};
const VIEWER: Visitor = { ...LIMITED, shops: null };
const TOKEN: Visitor = { ...LIMITED, kind: 'token', role: null, scopes: ['read'] };

interface Asked {
	status: number;
	text: string;
	faults: string[];
}

/** Asks a route of the policy that is answered by `answer`. */
async function ask(
	visitor: Visitor,
	id: string,
	answer: (event: RequestEvent) => Response,
	method = 'GET'
): Promise<Asked> {
	const faults: string[] = [];
	const request = new Request(`http://127.0.0.1${id}`, { method, headers: { accept: 'text/html' } });
	const event = {
		request,
		url: new URL(request.url),
		route: { id },
		locals: {},
		cookies: { get: () => undefined },
		getClientAddress: () => '127.0.0.1',
		platform: {
			log: { error: (_about: object, message: string) => faults.push(message) },
			pipeline: { access: { visitor: () => Promise.resolve(visitor), reach: { publicOrigins: [] } } }
		}
	};
	// The parts of an event that stand before a route, and no more.
	const response = await handle({ event: event as unknown as RequestEvent, resolve: (asked) => answer(asked) });
	return { status: response.status, text: await response.text(), faults };
}

const careless = () => new Response('of all shops');
const careful = ({ locals }: RequestEvent) => {
	locals.scoped = true;
	return new Response('of their shops');
};

test.each([
	[LIMITED, '/sessions'],
	[LIMITED, '/shops/[domain]'],
	[TOKEN, '/api/v1/sessions']
])(
	'who sees some shops alone is not answered what was read without regard to that, and the log names the route',
	async (visitor, id) => {
		const { status, text, faults } = await ask(visitor, id, careless);
		expect([status, faults.length]).toEqual([403, 1]);
		expect(text).not.toContain('of all shops');
		expect(await ask(visitor, id, careful)).toEqual({ status: 200, text: 'of their shops', faults: [] });
	}
);

test('a redirect, a form and a page that could not be shown are not answered either, another method than there is is', async () => {
	const answers = [
		new Response(null, { status: 307, headers: { location: '/sessions?shop=b.example' } }),
		new Response('of all shops', { status: 400 }),
		new Response('of all shops', { status: 404 })
	];
	for (const answer of answers) expect((await ask(LIMITED, '/sessions', () => answer)).status).toBe(403);
	expect((await ask(TOKEN, '/api/v1/sessions', () => new Response(null, { status: 405 }))).status).toBe(405);
});

test('who sees all shops, and a route that says why it needs no limit, are answered', async () => {
	expect((await ask(VIEWER, '/sessions', careless)).status).toBe(200);
	for (const id of ['/', '/sessions/[sessionId]', '/account'])
		expect((await ask(LIMITED, id, careless)).status).toBe(200);
});
