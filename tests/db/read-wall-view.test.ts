/** The Control Room of some shops, against what the events of these shops alone give; and what it reads for that. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { createReader, type WallReader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 14, 0, 0);
const SHOPS = ['a.example', 'b.example', 'c.example', null] as const;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
	database = await testDatabase();
	({ sql } = database);
	const events = history();
	for (let from = 0; from < events.length; from += 300) await commitEvents(sql, events.slice(from, from + 300));
	await sql.unsafe('analyze');
});

afterAll(() => database.drop());

/** Some 480 sessions of three shops and of none over the last 60 hours; b.example had none in the last day. */
function history(): LogEvent[] {
	const events: LogEvent[] = [];
	for (let n = 0; n < 480; n++) {
		const start = NOW - 60 * HOUR + n * 450_000;
		const shop = SHOPS[n % SHOPS.length] ?? null;
		const shopDomain = shop === 'b.example' && start > NOW - 25 * HOUR ? 'a.example' : shop;
		const add = (after: number, type: string, data: unknown = {}) => {
			const time = start + after;
			if (time <= NOW)
				events.push(
					event(type, {
						id: `${type}${n}.${after}`,
						sessionId: `s${n}`,
						shopDomain,
						data,
						clientTime: time,
						serverTime: time
					})
				);
		};
		add(0, 'session_started', { productTitle: `Chair ${n}` });
		add(1_000, 'step_update', { step: 'mask', status: 'started' });
		add(4_000 + n, 'step_update', { step: 'mask', status: 'completed', durationMs: 3_000 + n });
		if (n % 3 === 0) add(5_000, 'ai_request', { requestId: `r${n}`, status: 'success', costUsd: `0.0${(n % 9) + 1}` });
		if (n % 5 === 0) add(6_000, 'error', { errorCode: `E${n % 4}`, severity: 'error' });
		if (n % 7 !== 6) add(60_000 + (n % 40) * 90_000, 'session_ended', { status: n % 2 ? 'completed' : 'abandoned' });
	}
	return events;
}

interface Session {
	id: string;
	start: number;
	end: number | null;
	status: string;
}

/** What the wall of these shops is, from the events alone. */
function expected(shops: readonly string[]) {
	const events = history().filter(({ shopDomain }) => shopDomain !== null && shops.includes(shopDomain));
	const sessions = new Map<string, Session>();
	for (const { type, sessionId, clientTime, data } of events) {
		const id = sessionId ?? '';
		const known = sessions.get(id) ?? { id, start: clientTime ?? 0, end: null, status: 'in_progress' };
		const over = type === 'session_ended' ? { end: clientTime, status: (data as { status: string }).status } : {};
		sessions.set(id, { ...known, ...over });
	}
	const all = [...sessions.values()];
	const window = (end: number) => {
		const within = (time: number | null) => time !== null && time >= end - 24 * HOUR && (end === NOW || time < end);
		const own = events.filter(({ clientTime }) => within(clientTime));
		const ended = all.filter((session) => within(session.end));
		const cents = own.reduce(
			(sum, { type, data }) =>
				sum + (type === 'ai_request' ? Math.round(Number((data as { costUsd: string }).costUsd) * 100) : 0),
			0
		);
		return {
			active:
				end === NOW
					? all.filter(({ status }) => status === 'in_progress').length
					: all.filter(({ start, end: over }) => within(start) && (over === null || over >= end)).length,
			rate: ended.length === 0 ? null : ended.filter(({ status }) => status === 'completed').length / ended.length,
			ended: ended.length,
			shops: new Set(own.filter(({ type }) => type === 'session_started').map(({ shopDomain }) => shopDomain)).size,
			cost: cents / 100,
			errors: own.filter(({ type }) => type === 'error').length
		};
	};
	const byTime = <T>(rows: T[], time: (row: T) => number) => rows.sort((one, other) => time(other) - time(one));
	return {
		today: window(NOW),
		yesterday: window(NOW - 24 * HOUR),
		active: all.filter(({ end }) => end === null).map(({ id }) => id).sort(), // prettier-ignore
		ended: byTime(all.filter(({ end }) => end !== null), ({ end }) => end ?? 0).slice(0, 40).map(({ id }) => id), // prettier-ignore
		errors: byTime(events.filter(({ type }) => type === 'error'), ({ clientTime }) => clientTime ?? 0).slice(0, 40).map(({ id }) => id) // prettier-ignore
	};
}

const wallOf = (shops: readonly string[] | null, masked = false): WallReader =>
	createReader(sql, () => NOW).scoped({ shops, masked });

describe('the wall of some shops', () => {
	it.each([[['a.example']], [['b.example']], [['a.example', 'c.example']], [['b.example', 'c.example', 'b.example']]])(
		'of %j is what the events of these shops alone give',
		async (shops) => {
			const { figures, sessions, errors } = await wallOf(shops).wall();
			const { today, yesterday, active, ended, errors: errorIds } = expected(shops);
			expect(yesterday.ended).toBeGreaterThan(10);
			expect(figures.activeSessions).toEqual({ value: today.active, yesterday: yesterday.active });
			expect(figures.successRate).toMatchObject({ value: today.rate, yesterday: yesterday.rate, ended: today.ended });
			expect(figures.activeShops).toEqual({ value: today.shops, yesterday: yesterday.shops });
			expect([figures.aiCost.value, figures.aiCost.yesterday].map(Number)).toEqual([today.cost, yesterday.cost]);
			expect(figures.errors).toEqual({ value: today.errors, yesterday: yesterday.errors });
			const isActive = ({ status }: { status: string }) => status === 'in_progress';
			expect(sessions.filter(isActive).map(({ sessionId }) => sessionId).sort()).toEqual(active); // prettier-ignore
			expect(sessions.filter((session) => !isActive(session)).map(({ sessionId }) => sessionId)).toEqual(ended);
			expect(errors.map(({ id }) => id)).toEqual(errorIds);
		}
	);

	it.each([[[]], [['nobody.example']]])(
		'of %j, of which nothing came, has no data, which is not zero',
		async (shops) => {
			const { figures, sessions, errors, pace } = await wallOf(shops).wall();
			expect([sessions, errors, pace]).toEqual([[], [], []]);
			for (const figure of ['activeSessions', 'successRate', 'activeShops', 'aiCost', 'errors'] as const)
				expect(figures[figure]).toMatchObject({ value: null, yesterday: null });
		}
	);

	it('takes the usual pace of a step from their sessions alone', async () => {
		const steps = history().filter(({ type, shopDomain, data }) => {
			return (
				type === 'step_update' && shopDomain === 'b.example' && (data as { status: string }).status === 'completed'
			);
		});
		const longest = Math.max(...steps.map(({ data }) => (data as { durationMs: number }).durationMs));
		const [pace] = await wallOf(['b.example']).pace();
		expect(pace?.step).toBe('mask');
		expect(pace?.p95Ms).toBeLessThanOrEqual(longest);
		expect(pace?.samples).toBeGreaterThan(20);
		expect((await wallOf(null).pace())[0]?.samples).toBeGreaterThan(pace?.samples ?? Infinity);
	});

	it('leaves out named sessions of others', async () => {
		const cards = await wallOf(['c.example']).cards(['s0', 's1', 's2', 's3', 's6', 'nobody']);
		expect(cards.map(({ sessionId }) => sessionId).sort()).toEqual(['s2', 's6']);
	});
});

test('the wall of all shops is what it is without a view', async () => {
	const whole = await createReader(sql, () => NOW).wall();
	expect(await wallOf(null).wall()).toEqual(whole);
	expect(whole.sessions.some(({ shop }) => shop === null)).toBe(true);
});

test('without figures there is no value and no cost, whatever the shops', async () => {
	for (const shops of [null, ['a.example']]) {
		const { figures, sessions } = await wallOf(shops, true).wall();
		const { at, windowMs, hidden, ...values } = figures;
		expect({ at, windowMs, hidden }).toEqual({ at: NOW, windowMs: 24 * HOUR, hidden: true });
		expect(JSON.stringify(values)).not.toMatch(/[1-9]/);
		expect(sessions.length).toBeGreaterThan(20);
		expect(new Set(sessions.map(({ aiCost }) => aiCost))).toEqual(new Set([null]));
		expect(new Set((await wallOf(shops, true).cards(['s0', 's4'])).map(({ aiCost }) => aiCost))).toEqual(
			new Set([null])
		);
	}
});
