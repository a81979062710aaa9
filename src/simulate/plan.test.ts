import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsPerSession, planOf, type PlanOptions, type Visit } from './plan';
import { LONGEST_VISIT_MS, type PlannedEvent } from './story';

const DAY = 24 * 3_600_000;
const BEGINS = Date.UTC(2026, 9, 5);

const options = fc.record({
	seed: fc.string({ maxLength: 12 }),
	shops: fc.integer({ min: 1, max: 70 }),
	sessions: fc.integer({ min: 1, max: 60 }),
	spanMs: fc.integer({ min: 1_000, max: 60 * DAY }),
	begins: fc.integer({ min: 0, max: BEGINS })
});
const visitsOf = (wanted: PlanOptions): Visit[] => [...planOf(wanted).inOrder()];
const history = (change: Partial<PlanOptions> = {}): PlanOptions => ({
	seed: '7',
	shops: 30,
	sessions: 4_000,
	spanMs: 28 * DAY,
	begins: BEGINS,
	...change
});
const share = (part: unknown[], whole: unknown[]): number => part.length / whole.length;

describe('the plan of a run', () => {
	it('is the same for the same seed and options: sessions, events, ids, data and times', () => {
		fc.assert(
			fc.property(options, (wanted) => {
				expect(visitsOf({ ...wanted })).toEqual(visitsOf(wanted));
			}),
			{ numRuns: 40 }
		);
	});

	it('is another one for another seed, without an id in common', () => {
		fc.assert(
			fc.property(options, (wanted) => {
				const ids = (seed: string) => visitsOf({ ...wanted, seed }).flatMap(({ events }) => events.map(({ id }) => id));
				const others = new Set(ids(`${wanted.seed}'`));
				expect(ids(wanted.seed).filter((id) => others.has(id))).toEqual([]);
			}),
			{ numRuns: 20 }
		);
	});

	it('has visits in the order of their time, and in each its events, with ids of their own, and an end in sight', () => {
		fc.assert(
			fc.property(options, (wanted) => {
				const seen = new Set<string>();
				let before = 0;
				for (const { at, events } of visitsOf(wanted)) {
					expect(at).toBeGreaterThanOrEqual(before);
					expect(at).toBeLessThanOrEqual(wanted.spanMs);
					before = at;
					let latest = -1;
					for (const event of events) {
						expect(event.at).toBeGreaterThan(latest);
						expect(event.at).toBeLessThanOrEqual(LONGEST_VISIT_MS);
						latest = event.at;
						expect(seen.has(event.id)).toBe(false);
						seen.add(event.id);
					}
				}
			}),
			{ numRuns: 40 }
		);
	});

	it('makes about as many sessions as asked for, of some twenty events with those of mere visitors', () => {
		const sessions = visitsOf(history()).filter(({ outcome }) => outcome !== null);
		expect(Math.abs(sessions.length - 4_000)).toBeLessThan(200);
		const mean = eventsPerSession(history());
		expect(mean).toBeGreaterThan(17);
		expect(mean).toBeLessThan(25);
	});

	it('has sessions that are completed, abandoned at each step, fail, and never end, from all kinds of clients', () => {
		const visits = visitsOf(history());
		const sessions = visits.filter(({ outcome }) => outcome !== null);
		expect(
			share(
				sessions.filter(({ outcome }) => outcome === 'completed'),
				sessions
			)
		).toBeGreaterThan(0.55);
		expect(
			share(
				sessions.filter(({ outcome }) => outcome === 'completed'),
				sessions
			)
		).toBeLessThan(0.85);
		const count = (keys: (string | null)[]) => new Set(keys);
		expect(count(sessions.map(({ outcome }) => outcome))).toEqual(
			new Set(['completed', 'abandoned', 'error', 'silent'])
		);
		expect(count(visits.map(({ client }) => client))).toEqual(new Set(['sdk', 'batches', 'beacon', 'modal']));
		const steps = sessions.flatMap(({ outcome, events }) =>
			outcome === 'abandoned' ? [String(events.at(-1)?.data['abandonmentStep'])] : []
		);
		expect(count(steps)).toEqual(new Set(['room_capture', 'mask', 'inpaint', 'placement', 'final']));
	});

	it('is a funnel: more impressions than clicks, more clicks than sessions', () => {
		const events = visitsOf(history()).flatMap((visit) => visit.events);
		const count = (type: string): number => events.filter((event) => event.type === type).length;
		expect(count('ar_button_impression')).toBeGreaterThan(count('ar_button_click') * 1.5);
		expect(count('ar_button_click')).toBeGreaterThan(count('session_started'));
	});

	it('follows the night and the week of each shop, by its own clocks', () => {
		const plan = planOf(history({ sessions: 8_000 }));
		const zones = new Map(plan.shops.map(({ domain, zone }) => [domain, zone]));
		const visits = [...plan.inOrder()];
		const local = visits.map(({ at, shop }) => new Date(BEGINS + at + (zones.get(shop) ?? 0) * 3_600_000));
		const night = local.filter((time) => time.getUTCHours() < 6);
		const weekend = local.filter((time) => [0, 6].includes(time.getUTCDay()));
		expect(share(night, visits)).toBeLessThan(0.04);
		expect(share(weekend, visits)).toBeGreaterThan(0.31);
		expect(share(weekend, visits)).toBeLessThan(0.41);
	});

	it('has troubles: a shop that goes quiet, a provider that degrades for hours, errors that come together', () => {
		const visits = visitsOf(history({ sessions: 8_000 }));
		const lastOf = new Map(visits.map(({ shop, at }) => [shop, at]));
		expect([...lastOf.values()].some((at) => at < 26 * DAY)).toBe(true);

		const told = visits.flatMap(({ at, events }) => events.map((event) => ({ ...event, at: at + event.at })));
		const outcomes = told.filter(({ type, data }) => type === 'ai_request' && data['status'] !== 'pending');
		const failed = outcomes.filter(({ data }) => data['status'] !== 'success');
		expect(share(failed, outcomes)).toBeLessThan(0.08);
		const all = countWithin(4, 'provider', outcomes);
		const bad = [...countWithin(4, 'provider', failed)].filter(
			([key, count]) => count >= 4 && count > (all.get(key) ?? 0) / 4
		);
		expect(bad).not.toEqual([]);

		// Evenly spread there would be fewer than one of a code in two hours.
		const errors = told.filter(({ type, data }) => type === 'error' && !String(data['errorCode']).startsWith('AI_'));
		expect(Math.max(...countWithin(2, 'errorCode', errors).values())).toBeGreaterThanOrEqual(5);
	});

	it('tells of some events twice, and gives the same fault messages that differ in their numbers alone', () => {
		const events = visitsOf(history()).flatMap((visit) => visit.events);
		expect(events.some(({ answerLost }) => answerLost)).toBe(true);
		const messages = events.flatMap(({ type, data }) =>
			type === 'error' && data['errorCode'] === 'MASK_TOO_SMALL' ? [String(data['errorMessage'])] : []
		);
		expect(new Set(messages).size).toBeGreaterThan(5);
		expect(new Set(messages.map((message) => message.replace(/\d+/g, 'n'))).size).toBe(1);
	});
});

/** How many events there are with each value of a field within each so many hours. */
function countWithin(hours: number, field: string, events: PlannedEvent[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const { at, data } of events) {
		const key = `${String(data[field])} ${Math.floor(at / (hours * 3_600_000))}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return counts;
}
