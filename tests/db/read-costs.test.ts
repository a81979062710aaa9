/**
 * What the page about costs says, against sums made in whole millionths of a dollar from the events that were sent. One file,
 * because most is read from these events, and summed again by the same few functions.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { recorder } from '../../src/lib/server/commit/own-events';
import { WINDOW_MS, currentFigures } from '../../src/lib/server/read/wall/figures';
import { costs, type AiRequestRow, type CostQuestion, type CostRow } from '../../src/lib/server/read/costs';
import { REQUEST_FILTERS } from '../../src/lib/server/read/costs/requests';
import { prices } from '../../src/lib/server/read/costs/prices';
import { isFault, readFilters, startOfDay } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event } from '../support/events';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** A Thursday in the middle of a month, at an odd time. */
const NOW = Date.UTC(2026, 10, 19, 14, 7, 11, 120);
const BEGIN = NOW - 12 * DAY;

interface Asked {
	at: number;
	session: number;
	shop: string | null;
	provider: string;
	model: string | null;
	operation: string;
	step: string | null;
	status: string;
	/** In millionths of a dollar; null when it came without a cost. */
	micros: number | null;
	regeneration: string | null;
}

const SHOPS = ['a.example', 'b.example', null];
const sessionOf = (number: number) => ({
	startedAt: BEGIN + number * 3 * HOUR,
	shop: SHOPS[number % 3] ?? null,
	status: (['completed', 'abandoned', 'error', null] as const)[number % 4] ?? null
});
const SESSIONS = 90;

const request: fc.Arbitrary<Asked> = fc
	.record({
		session: fc.integer({ min: 0, max: SESSIONS - 1 }),
		after: fc.integer({ min: 0, max: 2 * HOUR }),
		provider: fc.constantFrom('fal', 'replicate', ''),
		model: fc.constantFrom('flux', 'sdxl', null),
		operation: fc.constantFrom('inpaint', 'segment'),
		step: fc.constantFrom('inpaint', 'mask', null),
		status: fc.constantFrom('success', 'success', 'success', 'failed', 'timeout', 'pending'),
		micros: fc.option(fc.integer({ min: 1, max: 90_001 }), { freq: 1 }),
		regeneration: fc.option(fc.constantFrom('user_requested', 'quality_fail'), { freq: 2 })
	})
	.map(({ session, after, ...rest }) => {
		const { startedAt, shop } = sessionOf(session);
		return { ...rest, session, shop, at: startedAt + after };
	});

let database: TestDatabase;
let sent: Asked[];
let writer: Committer;

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	writer = new Committer({
		url: database.url,
		lanes: 1,
		queue: { maxEvents: 1e6, maxSize: 1e9 },
		stallMs: 20_000,
		log
	});
	sent = fc.sample(fc.array(request, { minLength: 500, maxLength: 500 }), { numRuns: 1, seed: 11 })[0] ?? [];
	const sessions = Array.from({ length: SESSIONS }, (_, number) => {
		const { startedAt, shop, status } = sessionOf(number);
		const at = (time: number) => ({ id: `${number} ${time}`, sessionId: `s${number}`, shopDomain: shop, clientTime: time, serverTime: time }); // prettier-ignore
		const end = event('session_ended', { ...at(startedAt + 2.5 * HOUR), data: { status, abandonmentStep: 'mask', reason: 'bored' } }); // prettier-ignore
		return [event('session_started', at(startedAt)), ...(status ? [end] : [])];
	}).flat();
	const requests = sent.map((one, index) =>
		event('ai_request', {
			id: `r${index}`,
			sessionId: `s${one.session}`,
			shopDomain: one.shop,
			clientTime: one.at,
			serverTime: one.at,
			data: {
				requestId: `r${index}`,
				provider: one.provider,
				model: one.model,
				operation: one.operation,
				step: one.step,
				status: one.status,
				costUsd: one.micros === null ? null : dollars(one.micros),
				isRegeneration: one.regeneration !== null,
				regenerationReason: one.regeneration
			}
		})
	);
	for (const part of [sessions, requests]) {
		expect(await writer.commit(batch(part), Date.now() + 20_000)).toMatchObject({ refused: [] });
	}
});
afterAll(async () => {
	await writer.stop();
	await database.drop();
});

/** Millionths as a decimal without zeros at its end. */
function dollars(micros: number): string {
	const text = `${Math.trunc(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
	return text.replace(/\.?0+$/, '');
}
const sum = (requests: readonly Asked[]) => dollars(requests.reduce((all, { micros }) => all + (micros ?? 0), 0));
const isFailed = ({ status }: Asked) => status === 'failed' || status === 'timeout';
const isAgain = ({ regeneration }: Asked) => regeneration !== null;
const between = (from: number, to: number) => sent.filter(({ at }) => at >= from && at < to);

type Filters = CostQuestion['filters'];
const ANY: Filters = { shop: null, provider: null, model: null, operation: null, step: null, status: null };
function question(from: number, to: number, filters: Partial<Filters> = {}, zone = 'UTC'): CostQuestion {
	return { now: NOW, zone, range: { from, to, fromText: '', toText: '' }, filters: { ...ANY, ...filters } };
}
const fits = (filters: Partial<Filters>) => (one: Asked) =>
	Object.entries(filters).every(
		([name, value]) => (one[name as keyof Asked] || '') === (value === '(none)' ? '' : value)
	);

const filters: Partial<Filters>[] = [
	{},
	{ shop: 'a.example' },
	{ shop: '(none)' },
	{ provider: 'fal' },
	{ provider: '(none)', status: 'failed' },
	{ shop: 'b.example', model: 'flux', operation: 'inpaint', step: 'mask' }
];
const ranges: [string, number, number][] = [
	['seven days', NOW - 7 * DAY, NOW],
	['a day and a half', NOW - 1.5 * DAY, NOW],
	['an hour within a day', NOW - 2 * DAY, NOW - 2 * DAY + HOUR],
	['before anything', BEGIN - 9 * DAY, BEGIN - 8 * DAY]
];

describe.each(ranges)('the cost of %s', (_, from, to) => {
	test.each(filters)('is the exact sum of its requests, as a whole and in parts: %j', async (asked) => {
		const { total, splits, series } = await costs(database.sql).overview(question(from, to, asked));
		const here = between(from, to).filter(fits(asked));
		const earlier = between(from - (to - from), from).filter(fits(asked));
		expect(total).toEqual({
			requests: here.length,
			unpriced: here.filter(({ micros }) => micros === null).length,
			cost: sum(here),
			costBefore: sum(earlier),
			requestsBefore: earlier.length,
			failed: here.filter(isFailed).length,
			failedCost: sum(here.filter(isFailed)),
			regenerations: here.filter(isAgain).length,
			regenerationCost: sum(here.filter(isAgain)),
			failedRegenerationCost: sum(here.filter((one) => isFailed(one) && isAgain(one)))
		});
		for (const split of ['shop', 'provider', 'model', 'operation', 'step', 'status'] as const) {
			const costOf = new Map(splits[split].map(({ word, cost }) => [word, cost]));
			for (const [word, cost] of costOf) expect(cost).toBe(sum(here.filter((one) => (one[split] ?? '') === word)));
			expect(costOf.size).toBe(new Set([...here, ...earlier].map((one) => one[split] ?? '')).size);
		}
		for (const { word, cost } of splits.regeneration)
			expect(cost).toBe(sum(here.filter((one) => one.regeneration === word)));

		const { edges } = series.times;
		edges.slice(0, -1).forEach((edge, index) => {
			const bucket = here.filter(({ at }) => at >= edge && at < (edges[index + 1] ?? edge));
			expect([series.failed[index], series.regenerated[index], series.rest[index]]).toEqual([
				sum(bucket.filter(isFailed)),
				sum(bucket.filter((one) => isAgain(one) && !isFailed(one))),
				sum(bucket.filter((one) => !isAgain(one) && !isFailed(one)))
			]);
		});
	});
});

test('the cost of the last 24 hours is what the Control Room says', async () => {
	const { total } = await costs(database.sql).overview(question(NOW - WINDOW_MS, NOW + 30 * DAY));
	expect(total.cost).toBe((await currentFigures(database.sql, NOW)).aiCost);
});

test('the reader’s zone has its own days, but for a long range of requests with certain words', async () => {
	const drawn = async (days: number, asked: Partial<Filters>) => {
		const { series } = await costs(database.sql).overview(question(NOW - days * DAY, NOW, asked, 'Asia/Kathmandu'));
		return [series.zone, series.times.unit];
	};
	expect(await drawn(12, { shop: 'a.example' })).toEqual(['Asia/Kathmandu', 'day']);
	expect(await drawn(3, { model: 'flux' })).toEqual(['UTC', 'day']);
	expect(await drawn(2, { model: 'flux' })).toEqual(['Asia/Kathmandu', 'hour']);
});

test.each([
	['all shops', {}],
	['one shop', { shop: 'b.example' }],
	['sessions without a shop', { shop: '(none)' }]
])('sessions of %s count by their start, with all that they ever cost', async (_, asked) => {
	const [from, to] = [NOW - 6 * DAY, NOW - DAY];
	const { sessions } = await costs(database.sql).overview(question(from, to, asked));
	const started = Array.from({ length: SESSIONS }, (_, number) => ({ number, ...sessionOf(number) })).filter(
		({ startedAt, shop }) => startedAt >= from && startedAt < to && fits(asked)({ shop } as Asked)
	);
	const costOf = (of: typeof started) =>
		sent.filter(({ session }) => of.some(({ number }) => number === session)).reduce((all, { micros }) => all + (micros ?? 0), 0); // prettier-ignore
	const completed = started.filter(({ status }) => status === 'completed');
	const lost = started.filter(({ status }) => status === 'abandoned' || status === 'error');
	const each = (parts: number) => dollars(Math.round(costOf(started) / parts));
	expect(sessions?.now).toEqual({
		sessions: started.length,
		completed: completed.length,
		active: started.filter(({ status }) => status === null).length,
		lost: lost.length,
		cost: dollars(costOf(started)),
		perSession: each(started.length),
		perCompleted: each(completed.length),
		lostCost: dollars(costOf(lost))
	});
	expect(sessions?.lostByExit).toEqual([
		{ exit: '["mask", "bored"]', exits: 1, sessions: lost.length, cost: dollars(costOf(lost)) }
	]);
	const dear = started
		.map((one) => ({ sessionId: `s${one.number}`, micros: costOf([one]) }))
		.filter(({ micros }) => micros > 0)
		.sort((one, other) => other.micros - one.micros)
		.slice(0, 10);
	expect(sessions?.dearest).toMatchObject({ lookedAt: started.length, isCut: false });
	expect(sessions?.dearest.rows.map(({ sessionId, cost }) => [sessionId, cost])).toEqual(
		dear.map(({ sessionId, micros }) => [sessionId, dollars(micros)])
	);
});

test('nothing is said of sessions where requests are asked for by their words', async () => {
	const { sessions } = await costs(database.sql).overview(question(NOW - DAY, NOW, { model: 'flux' }));
	expect(sessions).toBeNull();
});

// In St John's the clocks are put back on the first day of the month.
test.each([
	['UTC', 0, 0],
	['America/St_Johns', 2.5, 3.5]
])('the forecast goes by the month and the full days of %s', async (zone, behindFirst, behindLast) => {
	const { forecast } = await costs(database.sql).overview(question(NOW - DAY, NOW, {}, zone));
	const [monthFrom, monthTo] = [Date.UTC(2026, 10, 1) + behindFirst * HOUR, Date.UTC(2026, 11, 1) + behindLast * HOUR];
	const today = startOfDay(NOW, zone);
	const micros = (requests: Asked[]) => requests.reduce((all, one) => all + (one.micros ?? 0), 0);
	const [soFar, week] = [micros(between(monthFrom, NOW)), micros(between(today - 7 * DAY, today))];
	const total = Number(forecast.total) * 1e6;
	expect(forecast).toMatchObject({ monthFrom, monthTo, soFar: dollars(soFar), days: 7 });
	expect(forecast.perDay).toBe(dollars(Math.round(week / 7)));
	expect(forecast.daysLeft).toBeCloseTo((monthTo - NOW) / DAY);
	expect(Math.abs(total - soFar - ((week / 7) * (monthTo - NOW)) / DAY)).toBeLessThan(1);
});

test('there is no forecast before a full day is known, and its mean is of the days that are', async () => {
	const early = (now: number) =>
		costs(database.sql)
			.overview({ ...question(now - DAY, now), now })
			.then(({ forecast }) => forecast);
	expect(await early(startOfDay(BEGIN, 'UTC', 1) + HOUR)).toMatchObject({ days: 0, perDay: null, total: null });
	expect(await early(startOfDay(BEGIN, 'UTC', 4) + HOUR)).toMatchObject({ days: 3 });
});

test('the file has the same sums by day and words, each row once and in order', async () => {
	const [from, to] = [NOW - 8.3 * DAY, NOW - HOUR];
	const rows: CostRow[] = [];
	for await (const part of costs(database.sql).rows(question(from, to))) rows.push(...part);
	const key = (row: Omit<Asked, 'at' | 'session' | 'micros' | 'regeneration'> & { day: number }) =>
		[row.day, row.shop ?? '', row.provider, row.model ?? '', row.operation, row.step ?? '', row.status].join('|');
	const expected = grouped(between(from, to), (one) => key({ ...one, day: Math.floor(one.at / DAY) * DAY }));
	expect(new Set(rows.map(key)).size).toBe(rows.length);
	expect(rows.map((row) => [key(row), row.requests, row.cost, row.regenerationCost]).sort()).toEqual(
		[...expected].map(([of, requests]) => [of, requests.length, sum(requests), sum(requests.filter(isAgain))]).sort()
	);
	expect(rows.map(({ day }) => day)).toEqual(rows.map(({ day }) => day).sort((one, other) => one - other));
});

function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
	return groups;
}

/** What requests can be asked for, and who belongs to the answer. */
const asks: [string, (one: Asked) => boolean][] = [
	['', () => true],
	['shop=(none)', ({ shop }) => shop === null],
	['shop=a.example&provider=fal', ({ shop, provider }) => shop === 'a.example' && provider === 'fal'],
	['model=(none)&operation=segment&step=mask', ({ model, operation, step }) => model === null && operation === 'segment' && step === 'mask'],
	['status=failed,timeout', isFailed],
	['regeneration=1', isAgain],
	['regeneration=0&status=success', (one) => !isAgain(one) && one.status === 'success'],
	['reason=quality_fail', ({ regeneration }) => regeneration === 'quality_fail'],
	['session=s7', ({ session }) => session === 7],
	['cost=told', ({ micros }) => micros !== null],
	['cost=not_told', ({ micros }) => micros === null],
	['cost_over=0.0450005', ({ micros }) => micros !== null && micros > 45_000]
]; // prettier-ignore

function asked(query: string, from: number, to: number) {
	const read = readFilters(REQUEST_FILTERS, new URLSearchParams(query));
	if (isFault(read)) throw new Error(read.message);
	return { range: { from, to }, filters: read };
}

describe('AI requests one by one', () => {
	test.each(asks)('are those that were sent, as many as are counted, and cost as much: %s', async (query, isMeant) => {
		for (const [, from, to] of ranges) {
			const own = between(from, to).filter(isMeant);
			const question = asked(query, from, to);
			const sums = await costs(database.sql).requestSums(question);
			expect(sums).toEqual({ requests: own.length, cost: sum(own), isLeast: false });
			const listed: AiRequestRow[] = [];
			for (let cursor: string | null = null, isMore = true; isMore;) {
				const page = await costs(database.sql).requests({ ...question, cursor, limit: 17 });
				if (isFault(page)) throw new Error(page.message);
				expect(page.lookedTo).toBeNull();
				listed.push(...page.rows);
				cursor = page.next;
				isMore = cursor !== null;
			}
			expect(listed.map(({ requestId }) => requestId).sort()).toEqual(own.map((one) => `r${sent.indexOf(one)}`).sort());
			expect(listed.map(({ at }) => at)).toEqual(own.map(({ at }) => at).sort((one, other) => other - one));
		}
	});

	test('are not asked for with what cannot be', async () => {
		const question = { ...asked('', BEGIN, NOW), cursor: null };
		const free = { ...question, filters: { ...question.filters, cost: 'free' } };
		expect(await costs(database.sql).requests(free)).toMatchObject({ field: 'cost' });
		expect(await costs(database.sql).requestSums(free)).toMatchObject({ field: 'cost' });
		expect(await costs(database.sql).requests({ ...question, cursor: 'nowhere' })).toMatchObject({ field: 'cursor' });
	});
});

describe('estimates', () => {
	interface Said {
		provider: string;
		model?: string;
		operation?: string;
		validFrom: string;
		priceUsd: string | null;
	}
	const said: Said[] = [
		{ provider: 'fal', validFrom: '2026-11-09', priceUsd: '0.010001' },
		{ provider: 'fal', operation: 'inpaint', validFrom: '2026-11-10', priceUsd: '0.02' },
		{ provider: 'fal', model: 'flux', validFrom: '2026-11-10', priceUsd: '0.03' },
		{ provider: 'fal', model: 'flux', operation: 'inpaint', validFrom: '2026-11-12', priceUsd: '0.04' },
		{ provider: 'fal', model: 'flux', operation: 'inpaint', validFrom: '2026-11-15', priceUsd: '0.05' },
		{ provider: 'fal', model: 'flux', operation: 'inpaint', validFrom: '2026-11-16', priceUsd: '9' },
		{ provider: 'fal', model: 'flux', operation: 'inpaint', validFrom: '2026-11-16', priceUsd: null }
	];
	/** In millionths; null when none fits. */
	function priceOf(one: Asked): number | null {
		if (one.provider !== 'fal') return null;
		const day = new Date(one.at).toISOString().slice(0, 10);
		const standing: [boolean, string, number][] = [
			[one.model === 'flux' && one.operation === 'inpaint', '2026-11-15', 50_000],
			[one.model === 'flux' && one.operation === 'inpaint', '2026-11-12', 40_000],
			[one.model === 'flux', '2026-11-10', 30_000],
			[one.operation === 'inpaint', '2026-11-10', 20_000],
			[true, '2026-11-09', 10_001]
		];
		return standing.find(([isFor, from]) => isFor && from <= day)?.[2] ?? null;
	}
	beforeAll(async () => {
		const record = recorder(writer.commit.bind(writer));
		for (const one of said) await record('price_set', { ...one, by: 'ann' });
		// A client may say what it likes.
		await writer.commit(batch([event('price_set', { id: 'c', ip: '203.0.113.9', data: { provider: 'fal', validFrom: '2026-11-01', priceUsd: '99' } })]), Date.now() + 20_000); // prettier-ignore
	});

	test('are successful requests without a cost, at the most specific price of their day', async () => {
		const [from, to] = [NOW - 11.4 * DAY, NOW - HOUR];
		const { estimate, total } = await costs(database.sql).overview(question(from, to));
		const here = between(from, to).filter(({ micros, status }) => micros === null && status === 'success');
		const priced = here.flatMap((one) => priceOf(one) ?? []);
		expect(new Set(priced).size).toBe(5);
		expect(estimate).toEqual({
			requests: priced.length,
			cost: dollars(priced.reduce((all, price) => all + price, 0)),
			withoutPrice: here.length - priced.length
		});
		expect(total.cost).toBe(sum(between(from, to)));
	});

	test('are listed as estimated, or as without a price, as many as are counted', async () => {
		const [from, to] = [NOW - 11.4 * DAY, NOW - HOUR];
		const here = between(from, to).filter(({ micros, status }) => micros === null && status === 'success');
		for (const [cost, isPriced] of [
			['estimated', true],
			['no_price', false]
		] as const) {
			const own = here.filter((one) => (priceOf(one) !== null) === isPriced);
			const ask = asked(`cost=${cost}`, from, to);
			expect(await costs(database.sql).requestSums(ask)).toEqual({ requests: own.length, cost: '0', isLeast: false });
			const page = await costs(database.sql).requests({ ...ask, cursor: null, limit: 500 });
			if (isFault(page)) throw new Error(page.message);
			const shown = page.rows.map(({ requestId, estimate }) => `${requestId} ${estimate}`).sort();
			expect(shown).toEqual(
				own.map((one) => `r${sent.indexOf(one)} ${isPriced ? dollars(priceOf(one) ?? 0) : null}`).sort()
			);
		}
	});

	test('name what lacks a price, and all that was said of prices but not by clients', async () => {
		const read = prices(database.sql);
		const [list, history, gaps] = await Promise.all([
			read.list(),
			read.history(),
			read.gaps(ANY, { from: NOW - 11.4 * DAY, to: NOW })
		]);
		expect(list.map(({ model, operation, validFrom, priceUsd }) => [model, operation, validFrom, priceUsd])).toEqual([
			['flux', 'inpaint', '2026-11-15', '0.05'],
			['flux', 'inpaint', '2026-11-12', '0.04'],
			['flux', '', '2026-11-10', '0.03'],
			['', 'inpaint', '2026-11-10', '0.02'],
			['', '', '2026-11-09', '0.010001']
		]);
		const told = (changes: { validFrom: string; priceUsd: string | null }[]) =>
			changes.map(({ validFrom, priceUsd }) => `${validFrom} ${priceUsd}`).sort();
		expect(told(history)).toEqual(told(said));
		expect(gaps.reduce((all, { requests }) => all + requests, 0)).toBe(
			between(NOW - 11.4 * DAY, NOW).filter((one) => one.micros === null && one.status === 'success' && priceOf(one) === null).length
		); // prettier-ignore
	});
});
