/** Lists of sessions against the same questions put, in plain TypeScript, to what was sent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFault, readFilters } from '../../src/lib/query';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { SESSION_FILTERS } from '../../src/lib/server/read/sessions/filters';
import { LOOKED_AT, sessions } from '../../src/lib/server/read/sessions';
import { MOST_PRODUCTS } from '../../src/lib/server/read/sessions/product';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const T0 = Date.UTC(2026, 10, 20, 9, 0, 0);
const NOW = T0 + 86_400_000;
const STEPS = ['room_capture', 'mask', 'inpaint', 'placement', 'final'];
const STATUSES = ['completed', 'abandoned', 'error', null, 'declined'] as const;

/** What is sent of a session. Every field follows from its number, in periods that have no factor in common. */
function shopper(n: number) {
	const status = STATUSES[n % 5] ?? null;
	return {
		id: `sess_${String(n * 7919).padStart(7, '0')}_${n % 2 ? 'Ab' : 'cd'}`,
		shop: ['a.example', 'b.example', null][n % 3] ?? null,
		// Pairs begin at the same moment: the id decides between them.
		at: T0 + Math.floor(n / 2) * 60_000,
		endedAt: status === null ? null : T0 + (400 - n) * 90_000,
		status,
		steps: STEPS.slice(0, n % 6),
		device: ['mobile', 'desktop', null][n % 7] ?? null,
		product: ['Oslo Sofa', 'Lamp “ÅSE” 100 %', null][n % 4] ?? null,
		errors: n % 11 === 0 ? 2 : 0,
		cost: n % 13 === 0 ? '0.3300000001' : n % 13 === 1 ? '0.33' : null,
		rare: n % 97 === 0,
		cart: n % 17 === 0,
		exit: n % 5 === 1 ? 'mask' : null,
		reason: n % 10 === 1 ? 'page_unload' : null
	};
}
type Shopper = ReturnType<typeof shopper>;
const SHOPPERS = Array.from({ length: 400 }, (_, n) => shopper(n));

function eventsOf(sent: Shopper): LogEvent[] {
	const at = (ms: number) => ({ sessionId: sent.id, shopDomain: sent.shop, clientTime: sent.at + ms, serverTime: NOW });
	const start = { productTitle: sent.product, productId: sent.product ? null : 'p-7' };
	return [
		event('session_started', { ...at(0), data: start, deviceContext: { deviceType: sent.device } }),
		...sent.steps.map((step, n) => event('step_update', { ...at(n + 1), data: { step, status: 'completed' } })),
		...Array.from({ length: sent.errors }, (_, n) =>
			event('error', { ...at(10 + n), data: { errorCode: 'E_LIGHT', errorMessage: `too dark: ${n}` } })
		),
		...(sent.cost ? [event('ai_request', { ...at(20), data: { requestId: 'r', status: 'success', costUsd: sent.cost } })] : []),
		...(sent.rare ? [event('lamp_lit', at(21))] : []),
		...(sent.cart ? [event('post_ar_action', { ...at(22), data: { action: 'add_to_cart' } })] : []),
		...(sent.status
			? [event('session_ended', { ...at(0), clientTime: sent.endedAt, data: { status: sent.status, abandonmentStep: sent.exit, reason: sent.reason } })]
			: [])
	]; // prettier-ignore
}

const isOver = (sent: Shopper) => sent.status !== null;
const isLeft = (sent: Shopper) => isOver(sent) && sent.status !== 'completed';
const reached = (sent: Shopper) => (sent.status === 'completed' ? 5 : sent.steps.length);

/** Questions as they stand in an address, and who belongs to the answer. */
const QUESTIONS: Record<string, (sent: Shopper) => boolean> = {
	'': () => true,
	'shop=a.example': ({ shop }) => shop === 'a.example',
	'shop=b.example': ({ shop }) => shop === 'b.example',
	'shop=(none)': ({ shop }) => shop === null,
	'status=completed': ({ status }) => status === 'completed',
	'status=in_progress': ({ status }) => status === null,
	'status=in_progress&shop=b.example': ({ status, shop }) => status === null && shop === 'b.example',
	'status=abandoned,in_progress': ({ status }) => status === 'abandoned' || status === null,
	'status=declined': ({ status }) => status === 'declined',
	'status=ended': isOver,
	'status=ended&shop=a.example': (sent) => isOver(sent) && sent.shop === 'a.example',
	'status=error&shop=a.example': ({ status, shop }) => status === 'error' && shop === 'a.example',
	'status=ended,-completed': isLeft,
	'status=ended,-completed,-abandoned&shop=a.example': (sent) => isLeft(sent) && sent.status !== 'abandoned' && sent.shop === 'a.example', // prettier-ignore
	'status=-in_progress': isOver,
	'status=-completed': ({ status }) => status !== 'completed',
	'status=abandoned,error,-error': ({ status }) => status === 'abandoned',
	'status=-declined&reached=2': (sent) => sent.status !== 'declined' && reached(sent) >= 2,
	'step=mask': ({ steps, exit }) => (exit ?? steps.at(-1)) === 'mask',
	'device=mobile': ({ device }) => device === 'mobile',
	'device=(none)': ({ device }) => device === null,
	'product=oslo': ({ product }) => product === 'Oslo Sofa',
	'product=åse': ({ product }) => product?.includes('ÅSE') ?? false,
	'product=p-7': ({ product }) => product === null,
	'product_is=Oslo+Sofa': ({ product }) => product === 'Oslo Sofa',
	'product_is=Oslo': () => false,
	'errors=1': ({ errors }) => errors > 0,
	'errors=0': ({ errors }) => errors === 0,
	'cost_over=0.33': ({ cost }) => cost === '0.3300000001',
	'cost_over=0': ({ cost }) => cost !== null,
	'event=lamp_lit': ({ rare }) => rare,
	'event=lamp_lit&status=completed': ({ rare, status }) => rare && status === 'completed',
	'event=nobody_knows': () => false,
	'exit=mask': (sent) => isLeft(sent) && sent.exit === 'mask',
	'exit=mask&reason=page_unload': (sent) => isLeft(sent) && sent.exit === 'mask' && sent.reason === 'page_unload',
	'reason=(none)&status=error': ({ status, reason }) => status === 'error' && reason === null,
	'post_ar=add_to_cart': ({ cart }) => cart,
	'cart=0': ({ cart }) => !cart,
	'reached=3': (sent) => reached(sent) >= 3,
	'reached=2&not_reached=3': (sent) => reached(sent) === 2,
	'not_reached=1': (sent) => reached(sent) === 0,
	'q=_AB': ({ id }) => id.endsWith('_Ab')
};

let database: TestDatabase;
let read: ReturnType<typeof sessions>;
let group = '';

beforeAll(async () => {
	database = await testDatabase();
	await commitEvents(database.sql, SHOPPERS.flatMap(eventsOf));
	const [row] = await database.sql<{ group: string }[]>`select group_key as "group" from error_groups`;
	group = row?.group ?? '';
	read = sessions(database.sql);
});
afterAll(() => database.drop());

function asked(query: string, { from = T0, to = NOW, cursor = null as string | null, limit = 37 } = {}) {
	const filters = readFilters(SESSION_FILTERS, new URLSearchParams(query));
	if (isFault(filters)) throw new Error(filters.message);
	const text = (at: number) => new Date(at).toISOString();
	return { filters, range: { from, to, fromText: text(from), toText: text(to) }, cursor, limit };
}

/** The ids of all pages of a list, in its order, and what the list says it has. */
async function whole(query: string, options: Parameters<typeof asked>[1] = {}) {
	const ids: string[] = [];
	for (let cursor: string | null = null; ;) {
		const page = await read.list(asked(query, { ...options, cursor }));
		if (isFault(page)) throw new Error(page.message);
		ids.push(...page.rows.map(({ sessionId }) => sessionId));
		expect([page.isLeast, page.lookedTo]).toEqual([false, null]);
		if (page.next === null) return { ids, count: page.count };
		cursor = page.next;
	}
}

function newestFirst(all: readonly Shopper[], time: (sent: Shopper) => number): string[] {
	const order = (a: Shopper, b: Shopper) => time(b) - time(a) || (a.id < b.id ? 1 : -1);
	return [...all].sort(order).map(({ id }) => id);
}

describe('a list of sessions', () => {
	it.each(Object.keys(QUESTIONS))('has exactly those that were asked for: %s', async (query) => {
		const { ids, count } = await whole(query);
		const expected = SHOPPERS.filter(QUESTIONS[query] ?? (() => false));
		expect(ids).toEqual(newestFirst(expected, ({ at }) => at));
		expect(count).toBe(expected.length);
		expect(ids.length > 0).toBe(query !== 'event=nobody_knows' && query !== 'product_is=Oslo');
	});

	it('can be of those that an error of a group hit', async () => {
		const expected = SHOPPERS.filter(({ errors }) => errors > 0);
		expect(await whole(`group=${group}`)).toMatchObject({ ids: newestFirst(expected, ({ at }) => at), count: 37 });
	});

	it.each(['', 'shop=a.example', 'status=completed', 'device=mobile'])(
		'holds the first moment of its range and not the last: %s',
		async (query) => {
			const span = { from: T0 + 7 * 60_000, to: T0 + 150 * 60_000 };
			const among = SHOPPERS.filter(QUESTIONS[query] ?? (() => false));
			const expected = among.filter(({ at }) => at >= span.from && at < span.to);
			const { ids, count } = await whole(query, span);
			expect(ids).toEqual(newestFirst(expected, ({ at }) => at));
			expect(count).toBe(expected.length);
		}
	);

	it.each(['', 'status=ended', 'shop=b.example', 'event=lamp_lit'])(
		'can be by the end, of those that ended in the range: %s',
		async (query) => {
			const span = { from: T0 + 9_000_000, to: T0 + 27_000_000 };
			const among = SHOPPERS.filter((sent) => isOver(sent) && (QUESTIONS[query] ?? (() => false))(sent));
			const expected = among.filter(({ endedAt }) => (endedAt ?? 0) >= span.from && (endedAt ?? 0) < span.to);
			const { ids, count } = await whole(`${query}&by=ended`, span);
			expect(ids).toEqual(newestFirst(expected, ({ endedAt }) => endedAt ?? 0));
			expect(count).toBe(expected.length);
		}
	);

	it('can be of any time', async () => {
		const span = { from: NOW, to: NOW + 1 };
		expect((await whole('status=in_progress', span)).ids).toEqual([]);
		expect((await whole('status=in_progress&by=any', span)).count).toBe(80);
	});

	it('is walked once, forward and back, while sessions come', async () => {
		const seen: string[] = [];
		const seenBack: string[] = [];
		const page = async (cursor: string | null) => {
			const answer = await read.page(asked('status=ended', { cursor, to: NOW + 1e9 }));
			if (isFault(answer)) throw new Error(answer.message);
			return answer;
		};
		let came = 0;
		const come = () =>
			commitEvents(database.sql, [
				event('session_started', { sessionId: `late_${came++}`, clientTime: NOW + came, serverTime: NOW }),
				event('session_ended', { sessionId: `late_${came - 1}`, clientTime: NOW + came, data: { status: 'completed' } })
			]);
		let last = await page(null);
		seen.push(...last.rows.map(({ sessionId }) => sessionId));
		while (last.next !== null) {
			await come();
			last = await page(last.next);
			seen.push(...last.rows.map(({ sessionId }) => sessionId));
		}
		const first = newestFirst(SHOPPERS.filter(isOver), ({ at }) => at);
		expect(seen).toEqual(first);

		let back = last;
		seenBack.unshift(...back.rows.map(({ sessionId }) => sessionId));
		while (back.previous !== null) {
			back = await page(back.previous);
			seenBack.unshift(...back.rows.map(({ sessionId }) => sessionId));
		}
		const late = Array.from({ length: came }, (_, n) => `late_${n}`).reverse();
		expect(seenBack).toEqual([...late, ...first]);
	});

	it('knows the neighbours of each of its sessions', async () => {
		const order = newestFirst(SHOPPERS.filter(QUESTIONS['status=error'] ?? (() => false)), ({ at }) => at);
		const places = [0, 1, 40, order.length - 1];
		for (const place of places) {
			expect(await read.neighbours(asked('status=error'), order[place] ?? '')).toEqual({
				newer: order[place - 1] ?? null,
				older: order[place + 1] ?? null
			});
		}
		expect(await read.neighbours(asked(''), 'nobody')).toEqual({ newer: null, older: null });
	});

	it.each([
		['by=never', 'by'],
		['reached=0', 'reached'],
		['not_reached=6', 'not_reached']
	])('refuses what cannot be asked: %s', async (query, field) => {
		expect(await read.list(asked(query))).toMatchObject({ isFault: true, field });
	});

	it('refuses a place of another list', async () => {
		const page = await read.list(asked('by=ended', { limit: 5 }));
		const cursor = isFault(page) ? '' : page.next;
		expect(await read.list(asked('', { cursor }))).toMatchObject({ isFault: true, field: 'cursor' });
		expect(await read.list(asked('', { cursor: 'x' }))).toMatchObject({ isFault: true, field: 'cursor' });
	});

	it('looks at so many sessions at once, says how far it came, and goes on from there', async () => {
		const OLD = Date.UTC(2021, 0, 1);
		// Straight into the table, because only how many they are matters.
		await database.sql`
			insert into sessions (session_id, first_event_at, updated_at, event_count, status, started_at, device_type, product_title)
			select 'old_' || n, at, at, 1, 'completed', at, case when n <= 3 then 'watch' end, case when n <= 2 then 'Rare Rug' end
			from
				generate_series(1, ${LOOKED_AT + 10}::int) as n,
				lateral (select ${new Date(OLD)}::timestamptz + n * interval '1 second' as at) as times`;
		const span = { from: OLD, to: OLD + 1e9 };
		const first = await read.list(asked('device=watch', span));
		if (isFault(first)) throw new Error(first.message);
		expect(first).toMatchObject({ rows: [], count: 0, isLeast: true, lookedTo: OLD + 11_000, previous: null });
		const second = await read.list(asked('device=watch', { ...span, cursor: first.next }));
		expect(second).toMatchObject({
			rows: [{ sessionId: 'old_3' }, { sessionId: 'old_2' }, { sessionId: 'old_1' }],
			next: null,
			lookedTo: null
		});
		expect(await read.list(asked('status=completed&by=any', span))).toMatchObject({ isLeast: false });

		// Products are known by name: their sessions are found however far back they are, and that there are none.
		const whole = { count: 2, isLeast: false, lookedTo: null, rows: [{ sessionId: 'old_2' }, { sessionId: 'old_1' }] };
		expect(await read.list(asked('product=rare', span))).toMatchObject(whole);
		expect(await read.list(asked('product_is=Rare+Rug', span))).toMatchObject(whole);
		expect(await read.list(asked('product=zzz', span))).toMatchObject({ rows: [], isLeast: false, lookedTo: null });
		await database.sql`
			update sessions set product_id = session_id where session_id like 'old_%' and started_at < ${new Date(OLD + MOST_PRODUCTS * 1_000)}`;
		expect(await read.list(asked('product=rare', span))).toMatchObject({ ...first, next: expect.any(String) as unknown });
	}); // prettier-ignore
});
