/**
 * What is shown, against an independent computation from the events in the tests themselves. One file, because one
 * history of sixty hours is the ground of most of them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { createReader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 14, 0, 0);
const STEPS = ['room_capture', 'mask', 'inpaint', 'placement', 'final'];

let database: TestDatabase;

beforeAll(async () => {
	database = await testDatabase();
});

afterAll(() => database.drop());

const reader = () => createReader(database.sql, () => NOW);

let ids = 0;
function at(time: number, type: string, sessionId: string | null, change: Partial<LogEvent> = {}): LogEvent {
	return event(type, { id: `e${++ids}`, sessionId, clientTime: time, serverTime: time, ...change });
}

/** Some 300 sessions over the last 60 hours; the same ones each time. */
function history(): LogEvent[] {
	const events: LogEvent[] = [];
	for (let n = 0; n < 300; n++) {
		const id = `s${n}`;
		const shopDomain = n % 17 === 0 ? null : `shop${n % (n < 100 ? 9 : 13)}.example`;
		const start = NOW - 60 * HOUR + n * 12 * 60_000 + (n % 7) * 1_000;
		const add = (after: number, type: string, data: unknown = {}) => {
			if (start + after <= NOW) events.push(at(start + after, type, id, { shopDomain, data }));
		};
		if (n % 11 !== 0) add(0, 'session_started', { productTitle: `Chair ${n}`, productPrice: 10 + n });
		STEPS.slice(0, 1 + (n % 5)).forEach((step, place) => {
			add(1_000 + place * 10_000, 'step_update', { step, status: 'started' });
			const durationMs = n % 3 === 0 ? null : 5_000 + n * 10;
			add(7_000 + place * 10_000, 'step_update', { step, status: 'completed', durationMs });
		});
		if (n % 4 === 0) add(3_000, 'ai_request', { requestId: `r${n}`, status: 'pending', costUsd: 9 });
		if (n % 4 === 0) add(5_000, 'ai_request', { requestId: `r${n}`, status: 'success', costUsd: `0.0${n % 10}1` });
		if (n % 6 === 0) add(4_000, 'error', { errorCode: `E${n % 3}`, errorMessage: 'no', severity: 'warning' });
		const status = ['completed', 'completed', 'abandoned', 'error'][n % 4];
		if (n % 5 === 1) add(600_000, 'session_timed_out');
		else if (n % 9 !== 8) add(60_000 + (n % 50) * 100_000, 'session_ended', { status });
	}
	return events;
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
	const groups = new Map<K, T[]>();
	for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
	return groups;
}

/** The figures of the window that ends at `end`, from the events alone. */
function expected(events: LogEvent[], end: number) {
	const within = (time: number) => time >= end - 24 * HOUR && time < (end === NOW ? Infinity : end);
	const sessions = [...groupBy(events, ({ sessionId }) => sessionId).values()].map((own) => {
		const starts = own.filter(({ type }) => type === 'session_started');
		const over =
			own.find(({ type }) => type === 'session_ended') ?? own.find(({ type }) => type === 'session_timed_out');
		const data = (over?.data ?? {}) as { status?: string };
		return {
			start: Math.min(...(starts.length > 0 ? starts : own).map((each) => each.clientTime ?? NaN)),
			end: over?.clientTime ?? null,
			status: over ? (data.status ?? 'abandoned') : 'in_progress',
			shop: own.find(({ shopDomain }) => shopDomain)?.shopDomain ?? null
		};
	});
	const ended = sessions.filter((session) => session.end !== null && within(session.end));
	const completed = ended.filter(({ status }) => status === 'completed').length;
	const shops = new Set(sessions.filter(({ start, shop }) => shop && within(start)).map(({ shop }) => shop));
	const requests = groupBy(
		events.filter(({ type }) => type === 'ai_request'),
		({ data }) => (data as { requestId: string }).requestId
	);
	// In thousandths of a cent, to be exact.
	const cost = [...requests.values()].reduce((sum, own) => {
		const outcome = own.find(({ data }) => (data as { status: string }).status === 'success') ?? own[0];
		const begun = Math.min(...own.map((each) => each.clientTime ?? NaN));
		return within(begun) ? sum + Math.round(Number((outcome?.data as { costUsd: string }).costUsd) * 1e5) : sum;
	}, 0);
	return {
		active:
			end === NOW
				? sessions.filter(({ status }) => status === 'in_progress').length
				: sessions.filter(({ start, end: over }) => within(start) && (over === null || over >= end)).length,
		completed,
		ended: ended.length,
		rate: completed / ended.length,
		shops: shops.size,
		cost: cost / 1e5,
		errors: events.filter(({ type, clientTime }) => type === 'error' && within(clientTime ?? NaN)).length
	};
}

test('without any event there is no data, which is not zero', async () => {
	const { figures, sessions, errors, pace } = await reader().wall();
	expect(figures).toEqual({
		at: NOW,
		windowMs: 24 * HOUR,
		activeSessions: { value: null, yesterday: null },
		successRate: { value: null, yesterday: null, completed: 0, ended: 0 },
		activeShops: { value: null, yesterday: null },
		aiCost: { value: null, yesterday: null },
		errors: { value: null, yesterday: null }
	});
	expect([sessions, errors, pace]).toEqual([[], [], []]);
});

test('a first event makes zeros of today, and nothing of yesterday', async () => {
	await commitEvents(database.sql, [at(NOW - 1_000, 'ar_button_impression', null)]);
	const figures = await reader().figures();
	expect(figures.errors).toEqual({ value: 0, yesterday: null });
	expect(figures.aiCost).toEqual({ value: '0', yesterday: null });
	expect(figures.successRate.value).toBeNull();
});

test('the figures of both windows are those that the log itself gives', async () => {
	const events = history();
	for (let from = 0; from < events.length; from += 200)
		await commitEvents(database.sql, events.slice(from, from + 200));
	const figures = await reader().figures();
	const today = expected(events, NOW);
	const yesterday = expected(events, NOW - 24 * HOUR);
	expect(today.active).toBeGreaterThan(3);
	expect(yesterday.active).toBeGreaterThan(3);
	expect(figures.activeSessions).toEqual({ value: today.active, yesterday: yesterday.active });
	expect(figures.successRate).toEqual({
		value: today.rate,
		yesterday: yesterday.rate,
		completed: today.completed,
		ended: today.ended
	});
	expect(figures.activeShops).toEqual({ value: today.shops, yesterday: yesterday.shops });
	expect(Number(figures.aiCost.value)).toBe(today.cost);
	expect(Number(figures.aiCost.yesterday)).toBe(yesterday.cost);
	expect(figures.errors).toEqual({ value: today.errors, yesterday: yesterday.errors });
});

test('the wall has the active sessions, the latest ended ones and the latest errors', async () => {
	const { sessions, errors } = await reader().wall();
	const ended = sessions.filter(({ status }) => status !== 'in_progress');
	expect(sessions.length - ended.length).toBe(expected(history(), NOW).active);
	expect(ended).toHaveLength(40);
	expect(ended.map(({ endedAt }) => endedAt)).toEqual(
		[...ended.map(({ endedAt }) => endedAt)].sort((a, b) => (b ?? 0) - (a ?? 0))
	);
	expect(errors).toHaveLength(40);
	expect(errors.map((error) => error.at)).toEqual(errors.map((error) => error.at).sort((a, b) => b - a));
});

test('a card has its steps in the order in which they began, and exact money', async () => {
	const start = NOW - HOUR;
	await commitEvents(database.sql, [
		at(start, 'session_started', 'card', {
			data: { productTitle: 'Oslo Sofa' },
			deviceContext: { deviceType: 'mobile' }
		}),
		at(start + 9_000, 'step_update', 'card', { data: { step: 'inpaint', status: 'completed', durationMs: 1_000 } }),
		at(start + 1_000, 'step_update', 'card', { data: { step: 'room_capture', status: 'started' } }),
		at(start + 5_500, 'step_update', 'card', { data: { step: 'mask', status: 'skipped' } }),
		at(start + 5_000, 'step_update', 'card', {
			data: { step: 'room_capture', status: 'completed', durationMs: 4_000 }
		}),
		at(start + 6_000, 'ai_request', 'card', { data: { requestId: '1', status: 'success', costUsd: 0.1 } }),
		at(start + 7_000, 'ai_request', 'card', { data: { requestId: '2', status: 'success', costUsd: 0.2 } })
	]);
	expect(await reader().cards(['card', 'nobody'])).toEqual([
		{
			sessionId: 'card',
			version: 7,
			shop: 'a.example',
			product: 'Oslo Sofa',
			deviceType: 'mobile',
			status: 'in_progress',
			startedAt: start,
			updatedAt: start + 9_000,
			endedAt: null,
			durationMs: null,
			currentStep: 'inpaint',
			activity: 'step_update',
			abandonmentStep: null,
			abandonmentReason: null,
			steps: [
				{
					step: 'room_capture',
					status: 'completed',
					startedAt: start + 1_000,
					completedAt: start + 5_000,
					durationMs: 4_000
				},
				{ step: 'mask', status: 'skipped', startedAt: null, completedAt: null, durationMs: null },
				{ step: 'inpaint', status: 'completed', startedAt: null, completedAt: start + 9_000, durationMs: 1_000 }
			],
			errorCount: 0,
			aiCost: '0.3'
		}
	]);
});

test('the pace of a step is the median and the 95th percentile of what it took', async () => {
	const pace = await reader().pace();
	expect(pace.map(({ step }) => step).sort()).toEqual([...STEPS].sort());
	for (const { p50Ms, p95Ms, samples } of pace) {
		expect(p50Ms).toBeGreaterThanOrEqual(5_000);
		expect(p95Ms).toBeGreaterThan(p50Ms);
		expect(samples).toBeGreaterThan(10);
	}
});

test('a story has everything of its session in order, and a change of it only the new events', async () => {
	const start = NOW - 2 * HOUR;
	const first = [
		at(start, 'session_started', 'story', {
			data: { productId: 'p', productPrice: '12.50', flow: 'v2' },
			userAgent: 'UA',
			ip: '203.0.113.9'
		}),
		at(start + 2_000, 'error', 'story', { data: { errorCode: 'E', errorMessage: 'no' } }),
		at(start + 1_000, 'step_update', 'story', {
			data: { step: 'mask', status: 'failed', errorCode: 'E', autoConfidence: 0.5 }
		}),
		at(start + 3_000, 'ai_request', 'story', {
			data: { requestId: 'r', provider: 'fal', costUsd: '0.0400', isRegeneration: true }
		})
	];
	await commitEvents(database.sql, first);
	const commit = await commitEvents(database.sql, [
		at(start + 500, 'user_action', 'story', { data: { action: 'zoom_pan' } })
	]);

	const story = await reader().story('story');
	expect(story?.events.map(({ type }) => type)).toEqual([
		'session_started',
		'user_action',
		'step_update',
		'error',
		'ai_request'
	]);
	expect(story?.events[0]).toMatchObject({
		at: start,
		clientTime: start,
		serverTime: start,
		userAgent: 'UA',
		ip: '203.0.113.9'
	});
	expect(story?.events[1]).toMatchObject({ data: { action: 'zoom_pan' }, device: null, shop: 'a.example' });
	expect(story?.session).toMatchObject({ productPrice: '12.5', flow: 'v2', eventCount: 5, regenerationCost: '0.04' });
	expect(story?.steps).toMatchObject([
		{ step: 'mask', status: 'failed', errorCode: 'E', autoConfidence: 0.5, retakeCount: 0 }
	]);
	expect(story?.aiRequests).toMatchObject([{ requestId: 'r', provider: 'fal', costUsd: '0.04', isRegeneration: true }]);
	expect(story?.errors).toMatchObject([{ code: 'E', at: start + 2_000 }]);
	expect(story?.earlierEvents).toBe(0);

	const change = await reader().storySince('story', [commit ?? '']);
	expect(change?.events.map(({ type }) => type)).toEqual(['user_action']);
	expect({ ...change, events: story?.events, earlierEvents: 0 }).toEqual(story);
	expect(await reader().story('nobody')).toBeNull();
});

test('what a screen gets is bounded, whatever clients send where a word is meant', async () => {
	const long = 'x'.repeat(60_000);
	await commitEvents(database.sql, [
		at(NOW - HOUR, 'session_started', 'wordy', { data: { productTitle: long }, deviceContext: { deviceType: long } }),
		at(NOW - HOUR, 'session_ended', 'wordy', { data: { reason: long, abandonmentStep: long } }),
		at(NOW, 'error', 'wordy', { data: { errorCode: long, errorMessage: long, severity: long, step: long } }),
		...Array.from({ length: 300 }, (_, n) =>
			at(NOW - HOUR + n, 'step_update', 'wordy', { data: { step: `step${n}`, status: n < 299 ? 'completed' : long } })
		)
	]);
	const [card] = await reader().cards(['wordy']);
	expect(JSON.stringify(card).length).toBeLessThan(10_000);
	expect(card?.steps).toHaveLength(40);
	expect(card?.steps.at(-1)?.step).toBe('step299');
	expect(JSON.stringify(await reader().errors()).length).toBeLessThan(20_000);
});

test('a story holds no more of its latest events than a page can carry, and counts the others', async () => {
	const events = Array.from({ length: 60 }, (_, n) =>
		at(NOW - HOUR + n, 'custom', 'heavy', { id: `heavy${n}`, data: { n, text: 'x'.repeat(60_000) } })
	);
	await commitEvents(database.sql, events);
	const story = await reader().story('heavy');
	expect(JSON.stringify(story).length).toBeLessThan(2.2 * 1024 * 1024);
	expect(story?.events.at(-1)?.id).toBe('heavy59');
	expect(story?.events.length).toBeGreaterThan(30);
	expect(story?.earlierEvents).toBe(60 - (story?.events.length ?? 0));
});

test('no session has an id that the database cannot hold', async () => {
	expect(await reader().story('\0')).toBeNull();
});

test('of a very long session the latest 500 events are there, and the others are counted', async () => {
	const start = NOW - 3 * HOUR;
	await commitEvents(
		database.sql,
		Array.from({ length: 620 }, (_, n) => at(start + n, 'custom', 'long', { data: { n } }))
	);
	const story = await reader().story('long');
	expect(story?.events.map(({ data }) => data)).toEqual(Array.from({ length: 500 }, (_, n) => ({ n: n + 120 })));
	expect(story?.earlierEvents).toBe(120);
});
