/** What the page about the journey says, against counts made from the shoppers that were sent. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STEPS } from '../../src/lib/events/vocabulary';
import { journey, type JourneyQuestion } from '../../src/lib/server/read/journey';
import { testDatabase, type TestDatabase } from '../support/database';
import { commitEvents } from '../support/commit';
import { event } from '../support/events';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 19, 14, 7, 11);
const BEGIN = NOW - 6 * DAY;

interface Shopper {
	id: string;
	at: number;
	shop: string | null;
	device: string;
	product: string | null;
	/** Steps that were told of, and how long each took. */
	told: { step: string; ms: number; retakes: number }[];
	end: 'completed' | 'abandoned' | 'error' | null;
	exit: { step: string; reason: string };
	action: string | null;
	seen: number;
	clicked: boolean;
}

const shopper: fc.Arbitrary<Omit<Shopper, 'id'>> = fc.record({
	at: fc.integer({ min: BEGIN, max: NOW - HOUR }),
	shop: fc.constantFrom('a.example', 'b.example', null),
	device: fc.constantFrom('mobile', 'desktop'),
	product: fc.constantFrom('Sofa', 'Lamp <b>', null),
	told: fc.subarray([...STEPS]).chain((steps) =>
		fc.tuple(
			...steps.map((step) =>
				fc.record({
					step: fc.constant(step),
					ms: fc.integer({ min: 1, max: 60_000 }),
					retakes: fc.constantFrom(0, 0, 2)
				})
			)
		)
	),
	end: fc.constantFrom('completed', 'abandoned', 'error', null),
	exit: fc.record({ step: fc.constantFrom('mask', 'inpaint'), reason: fc.constantFrom('page_unload', 'bored', '"') }),
	action: fc.constantFrom('add_to_cart', 'leave', null),
	seen: fc.integer({ min: 0, max: 3 }),
	clicked: fc.boolean()
});

let database: TestDatabase;
let shoppers: Shopper[];

beforeAll(async () => {
	database = await testDatabase();
	const sample = fc.sample(fc.array(shopper, { minLength: 250, maxLength: 250 }), { numRuns: 1, seed: 5 })[0] ?? [];
	shoppers = sample.map((one, index) => ({ ...one, id: `s${index}` }));
	const events = shoppers.flatMap((one) => {
		const from = (type: string, ms: number, data: object, change: object = {}) =>
			event(type, { id: `${one.id} ${ms} ${type}`, sessionId: one.id, shopDomain: one.shop, clientTime: one.at + ms, serverTime: one.at + ms, data, ...change }); // prettier-ignore
		return [
			...Array.from({ length: one.seen }, (_, n) => from('ar_button_impression', -9 + n, {}, { sessionId: null })),
			...(one.clicked ? [from('ar_button_click', -1, {}, { sessionId: null })] : []),
			from('session_started', 0, { productTitle: one.product }, { deviceContext: { deviceType: one.device } }),
			...one.told.map(({ step, ms, retakes }, place) =>
				from('step_update', place + 1, { step, status: 'completed', durationMs: ms, retakeCount: retakes })
			),
			...(one.action ? [from('post_ar_action', 8, { action: one.action })] : []),
			...(one.end ? [from('session_ended', 9, { status: one.end, abandonmentStep: one.exit.step, reason: one.exit.reason })] : []) // prettier-ignore
		];
	});
	for (let from = 0; from < events.length; from += 400) {
		await commitEvents(database.sql, events.slice(from, from + 400));
	}
});
afterAll(() => database.drop());

type Filters = JourneyQuestion['filters'];
const ANY: Filters = { shop: null, device: null, product: null };
function question(from: number, to: number, filters: Partial<Filters> = {}): JourneyQuestion {
	return { now: NOW, zone: 'UTC', range: { from, to, fromText: '', toText: '' }, filters: { ...ANY, ...filters } };
}
function among(from: number, to: number, filters: Partial<Filters>): Shopper[] {
	const word = (value: string | null) => (value === '(none)' ? '' : value);
	return shoppers.filter(
		(one) =>
			one.at >= from &&
			one.at < to &&
			Object.entries(filters).every(([name, value]) => (one[name as keyof Filters] ?? '') === word(value))
	);
}
/** How many of the five steps it came to. */
function furthest({ told, end }: Shopper): number {
	return end === 'completed' ? 5 : Math.max(0, ...told.map(({ step }) => STEPS.findIndex((one) => one === step) + 1));
}
const count = <T>(values: readonly T[], is: (value: T) => boolean) => values.filter(is).length;
function tally(words: readonly string[]): [string, number][] {
	const counts = new Map<string, number>();
	for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
	return [...counts].sort();
}
const isOver = ({ end }: Shopper) => end !== null;

const filters: Partial<Filters>[] = [
	{},
	{ shop: 'a.example' },
	{ shop: '(none)' },
	{ device: 'mobile' },
	{ product: 'Lamp <b>' },
	{ product: '(none)', shop: 'b.example' },
	{ device: 'desktop', product: 'Sofa' }
];

describe.each([
	['four days and a bit', NOW - 4.2 * DAY, NOW],
	['some hours', NOW - 3 * DAY, NOW - 3 * DAY + 7 * HOUR],
	['a time before anything', BEGIN - 3 * DAY, BEGIN - 2 * DAY]
])('the journey of %s', (_, from, to) => {
	test.each(filters)('counts each stage, who is still there and who left: %j', async (asked) => {
		const { stages, counts } = await journey(database.sql).overview(question(from, to, asked));
		const here = among(from, to, asked);
		const reach = (least: number) => (one: Shopper) => furthest(one) >= least;
		expect(counts).toMatchObject({ sessions: here.length, active: count(here, (one) => !isOver(one)) });
		expect(stages.map(({ key, count }) => [key, count])).toEqual([
			...(asked.device || asked.product
				? [['impressions', null], ['clicks', null]]
				: [
						['impressions', buttons(from, to, asked, 'impressions')],
						['clicks', buttons(from, to, asked, 'clicks')]
					]),
			['sessions', here.length],
			...STEPS.map((step, index) => [step, count(here, reach(index + 1))]),
			['completed', count(here, ({ end }) => end === 'completed')],
			['carts', count(here, ({ action }) => action === 'add_to_cart')]
		]); // prettier-ignore
		stages.slice(2, 8).forEach(({ active, left, ofFirst }, place) => {
			const stayed = here.filter((one) => furthest(one) === place && one.end !== 'completed');
			expect([active, left]).toEqual([count(stayed, (one) => !isOver(one)), count(stayed, isOver)]);
			expect(ofFirst).toBe(here.length === 0 ? null : count(here, reach(place)) / here.length);
		});
	});

	test.each(filters)('tells where, why and with what sessions ended: %j', async (asked) => {
		const { exits, postAr } = await journey(database.sql).overview(question(from, to, asked));
		const over = among(from, to, asked).filter(isOver);
		const left = over.filter(({ end }) => end !== 'completed');
		expect(exits.map(({ step, reason, sessions }) => [`${step}|${reason}`, sessions]).sort()).toEqual(
			tally(left.map(({ exit }) => `${exit.step}|${exit.reason}`))
		);
		for (const { step, ofStep } of exits) expect(ofStep).toBe(count(left, ({ exit }) => exit.step === step));
		expect(postAr.map(({ action, sessions }) => [action, sessions]).sort()).toEqual(
			tally(over.map(({ action }) => action ?? ''))
		);
	});

	test.each(filters)('is split by device, shop and product: %j', async (asked) => {
		const { splits, lookedAt } = await journey(database.sql).overview(question(from, to, asked));
		const here = among(from, to, asked);
		for (const name of ['device', 'shop', 'product'] as const) {
			expect(splits[name].map(({ value, sessions }) => [value, sessions]).sort()).toEqual(
				tally(here.map((one) => one[name] ?? ''))
			);
			for (const row of splits[name]) {
				const own = here.filter((one) => (one[name] ?? '') === row.value);
				expect(row).toMatchObject({
					active: count(own, (one) => !isOver(one)),
					completed: count(own, ({ end }) => end === 'completed'),
					carts: count(own, ({ action }) => action === 'add_to_cart'),
					reached: STEPS.map((_, index) => count(own, (one) => furthest(one) > index))
				});
			}
		}
		const ofShop = among(from, to, asked.shop ? { shop: asked.shop } : {});
		expect(lookedAt).toEqual(
			asked.device || asked.product
				? { sessions: ofShop.length, backTo: ofShop.length ? Math.min(...ofShop.map(({ at }) => at)) : null, isCut: false } // prettier-ignore
				: null
		);
	});

	test.each(filters)('measures the steps of sessions that are over: %j', async (asked) => {
		const { steps } = await journey(database.sql).overview(question(from, to, asked));
		const over = among(from, to, asked).filter(isOver);
		expect(steps.sessions).toBe(over.length);
		expect(steps.steps).toEqual(
			STEPS.flatMap((step) => {
				const told = over.flatMap((one) => one.told.filter((each) => each.step === step));
				const times = told.map(({ ms }) => ms).sort((one, other) => one - other);
				const at = (part: number) => times[Math.ceil(part * times.length) - 1];
				const redone = count(told, ({ retakes }) => retakes > 0);
				return told.length === 0
					? []
					: [{ step, sessions: told.length, measured: told.length, failed: 0, redone, retakes: 2 * redone, maskEdits: 0, adjustments: 0, regenerations: 0, medianMs: at(0.5), p95Ms: at(0.95) }]; // prettier-ignore
			})
		);
	});
});

/** Events of the button in a span, by the server's time. */
function buttons(from: number, to: number, asked: Partial<Filters>, what: 'impressions' | 'clicks'): number {
	const { shop } = asked;
	const times = shoppers
		.filter((one) => !shop || (one.shop ?? '(none)') === shop)
		.flatMap(({ at, seen, clicked }) =>
			what === 'clicks' ? (clicked ? [at - 1] : []) : Array.from({ length: seen }, (_, n) => at - 9 + n)
		);
	return count(times, (at) => at >= from && at < to);
}

test('a stage is compared with the same stage in the range before', async () => {
	const { stages } = await journey(database.sql).overview(question(NOW - 2 * DAY, NOW));
	const before = among(NOW - 4 * DAY, NOW - 2 * DAY, {});
	const completed = stages.find(({ key }) => key === 'completed');
	expect(completed?.countBefore).toBe(count(before, ({ end }) => end === 'completed'));
	expect(completed?.ofPreviousBefore).toBe(
		count(before, ({ end }) => end === 'completed') / count(before, (one) => furthest(one) === 5)
	);
});

test('the file has the whole first, then each device, shop and product', async () => {
	const rows = [];
	for await (const part of journey(database.sql).file(question(NOW - 4 * DAY, NOW))) rows.push(...part);
	const here = among(NOW - 4 * DAY, NOW, {});
	expect(rows[0]).toMatchObject({ part: 'all', sessions: here.length, clicks: buttons(NOW - 4 * DAY, NOW, {}, 'clicks') });
	for (const part of ['device', 'shop', 'product']) {
		const own = rows.filter((row) => row.part === part);
		expect(own.reduce((all, { sessions }) => all + sessions, 0)).toBe(here.length);
	}
}); // prettier-ignore
