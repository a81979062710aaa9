/**
 * What the pages about errors say, against figures made of the very events that were sent. One file, because most is read
 * from these events, and made again from them by the same few functions.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { recorder } from '../../src/lib/server/commit/own-events';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { errors } from '../../src/lib/server/read/errors';
import type { ErrorGroupRow, ErrorGroupsAsked } from '../../src/lib/server/read/errors/groups';
import type { ErrorList, ErrorRow } from '../../src/lib/server/read/errors/list';
import { sessions } from '../../src/lib/server/read/sessions';
import { SESSION_FILTERS, type SessionFilters } from '../../src/lib/server/read/sessions/filters';
import { buckets, isFault, readFilters, withParams, writeCursor, type QueryFault } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = T0 + 3 * DAY;
const RANGE = { from: T0 + 7 * HOUR + 123_456, to: NOW };
const EARLIER = { from: T0 + 7 * HOUR, to: T0 + 2 * DAY + 777 };
const NONE = { shop: null, severity: [], step: [], state: [], q: null, group: null };
const LIST = { ...NONE, device: null, os: null, browser: null };
const GROUPS: ErrorGroupsAsked['filters'] = { ...LIST, sort: null };

interface Sent {
	at: number;
	id: string;
	shop: string | null;
	session: string | null;
	code: string | null;
	seconds: number | null;
	severity: string | undefined;
	step: string | undefined;
	device: string | undefined;
}

const anError: fc.Arbitrary<Sent> = fc.record({
	at: fc.integer({ min: 0, max: 3 * DAY - 1 }).map((ms) => T0 + ms),
	id: fc.uuid(),
	shop: fc.constantFrom('a.example', 'b.example', 'c.example', '', null),
	session: fc.option(fc.integer({ min: 0, max: 60 }).map((n) => `s${n}`)),
	code: fc.constantFrom('E1', 'E2', 'E3', null),
	seconds: fc.option(fc.integer({ min: 1, max: 90 })),
	severity: fc.constantFrom('critical', 'error', 'warning', 'odd', undefined),
	step: fc.constantFrom('mask', 'inpaint', 'lighting', undefined),
	device: fc.constantFrom('mobile', 'desktop', undefined)
});

let database: TestDatabase;
let writer: Committer;
let sent: Sent[];

const asEvent = (one: Sent): LogEvent =>
	event('error', {
		id: one.id,
		sessionId: one.session,
		shopDomain: one.shop,
		clientTime: one.at,
		serverTime: one.at,
		data: {
			errorCode: one.code ?? undefined,
			errorMessage: one.seconds === null ? undefined : `Gave up after ${one.seconds} s`,
			severity: one.severity,
			step: one.step
		},
		deviceContext: one.device ? { deviceType: one.device } : null
	});

async function commit(events: LogEvent[]): Promise<void> {
	expect(await writer.commit(batch(events), Date.now() + 20_000)).toMatchObject({ refused: [] });
}

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
	sent = fc.sample(fc.array(anError, { minLength: 700, maxLength: 700 }), { numRuns: 1, seed: 7 })[0] ?? [];
	// Two of one id and one moment in different shops, which only the shop tells apart.
	for (const shop of ['a.example', 'b.example', '', null]) {
		sent.push({ ...first(sent), id: 'same', at: T0 + DAY, shop });
	}
	for (let from = 0; from < sent.length; from += 200) await commit(sent.slice(from, from + 200).map(asEvent));
});
afterAll(async () => {
	await writer.stop();
	await database.drop();
});

const pages = () => errors(database.sql);
const within = ({ at }: Sent, { from, to }: { from: number; to: number }) => at >= from && at < to;
/** The group of an error as a person would say it. */
const nameOf = ({ code, seconds }: Sent) => `${code ?? '–'} ${seconds === null ? '–' : 'Gave up after <n> s'}`;
const groupName = ({ code, shape }: Pick<ErrorGroupRow, 'code' | 'shape'>) => `${code ?? '–'} ${shape ?? '–'}`;

function value<T>(answer: T | QueryFault): T {
	if (isFault(answer)) throw new Error(answer.message);
	return answer;
}

function by<K>(list: readonly Sent[], key: (one: Sent) => K): Map<K, Sent[]> {
	const all = new Map<K, Sent[]>();
	for (const one of list) all.set(key(one), [...(all.get(key(one)) ?? []), one]);
	return all;
}

function first<T>(list: readonly T[]): T {
	const [one] = list;
	if (one === undefined) throw new Error('nothing is there');
	return one;
}

const distinct = (values: (string | null)[]) => new Set(values.filter(Boolean)).size;

/** What a group's row must say of the errors that were sent. */
function expectedGroups(list: readonly Sent[]) {
	return [...by(list, nameOf)]
		.map(([name, own]) => ({
			name,
			errors: own.length,
			sessions: distinct(own.map(({ session }) => session)),
			shops: distinct(own.map(({ shop }) => shop))
		}))
		.sort((one, other) => (one.name < other.name ? -1 : 1));
}

const shownGroups = (rows: readonly ErrorGroupRow[]) =>
	rows
		.map((row) => ({ name: groupName(row), errors: row.errors, sessions: row.sessions, shops: row.shops }))
		.sort((one, other) => (one.name < other.name ? -1 : 1));

async function groupsOf(filters: object, range = RANGE) {
	return value(
		await pages().groups({
			scope: null,
			now: NOW,
			zone: 'UTC',
			range,
			filters: { ...GROUPS, ...filters },
			cursor: null,
			limit: 100
		})
	);
}

async function wholeList(filters: object, range = RANGE) {
	const rows: ErrorRow[] = [];
	for (let cursor: string | null = null; ;) {
		const page: ErrorList = value(await pages().list({ range, filters: { ...LIST, ...filters }, cursor, limit: 23 }));
		rows.push(...page.rows);
		if (page.next === null) return rows;
		cursor = page.next;
	}
}

/** The list of sessions that errors of a range hit, as the pages about errors link to it. */
function sessionsHit({ group = null, ...errorFilters }: Record<string, string | string[] | null>, range: typeof RANGE) {
	const named = Object.entries(errorFilters).map(([name, asked]) => [`error_${name}`, asked] as const);
	const href = withParams({ pathname: '/', search: '' }, { by: 'hit', group, ...Object.fromEntries(named) });
	const filters: SessionFilters = value(readFilters(SESSION_FILTERS, new URL(href, 'http://x').searchParams));
	const toText = range.to === NOW ? 'now' : new Date(range.to).toISOString();
	return {
		filters,
		range: { ...range, fromText: new Date(range.from).toISOString(), toText },
		cursor: null,
		limit: 200
	};
}

const filterCases: [name: string, filters: Record<string, string | string[]>, matches: (one: Sent) => boolean][] = [
	['no filter', {}, () => true],
	['one shop', { shop: 'a.example' }, ({ shop }) => shop === 'a.example'],
	['no shop', { shop: '(none)' }, ({ shop }) => !shop],
	['severities', { severity: ['critical', 'odd'] }, ({ severity }) => severity === 'critical' || severity === 'odd'],
	[
		'an error whose severity nobody named',
		{ severity: ['error'] },
		({ severity }) => (severity ?? 'error') === 'error'
	],
	['a step or none', { step: ['mask', '(none)'] }, ({ step }) => (step ?? 'mask') === 'mask'],
	['a part of the code', { q: 'e1' }, ({ code }) => code === 'E1'],
	['a part of the message', { q: 'GAVE up' }, ({ seconds }) => seconds !== null],
	['one group', { group: createHash('md5').update('E1\nGave up after <n> s').digest('hex') }, ({ code, seconds }) => code === 'E1' && seconds !== null], // prettier-ignore
	['all at once', { shop: 'b.example', severity: ['error'], step: ['inpaint'], q: 'E2' }, (one) => one.shop === 'b.example' && (one.severity ?? 'error') === 'error' && one.step === 'inpaint' && one.code === 'E2'] // prettier-ignore
];

describe('errors in a range', () => {
	test.each(filterCases)('are counted by group as they were sent: %s', async (_, filters, matches) => {
		for (const range of [RANGE, EARLIER]) {
			const { rows, count } = await groupsOf(filters, range);
			const expected = expectedGroups(sent.filter((one) => within(one, range) && matches(one)));
			expect(shownGroups(rows)).toEqual(expected);
			expect(count).toBe(expected.length);
			expect(rows.every(({ sessionsAtLeast }) => !sessionsAtLeast)).toBe(true);
		}
	});

	test.each(filterCases)('have the figures and bars of the rows that they open: %s', async (_, filters, matches) => {
		const times = buckets(RANGE, 'UTC', NOW);
		const figures = await pages().overview({
			now: NOW,
			range: RANGE,
			filters: { ...NONE, ...filters },
			times,
			scope: null
		});
		const own = sent.filter((one) => within(one, RANGE) && matches(one));
		expect(figures).toMatchObject({
			errors: own.length,
			groups: by(own, nameOf).size,
			shops: distinct(own.map(({ shop }) => shop)),
			sessions: distinct(own.map(({ session }) => session)),
			sessionsAtLeast: false
		});
		for (const { severity, errors: bars } of figures.severities) {
			expect(bars).toEqual(
				times.partial.map((__, bucket) => {
					const bar = { from: times.edges[bucket] ?? 0, to: times.edges[bucket + 1] ?? 0 };
					return own.filter((one) => (one.severity ?? 'error') === severity && within(one, bar)).length;
				})
			);
		}
		const listed = await wholeList(filters);
		expect(listed.map(({ id, shop }) => `${id} ${shop}`).sort()).toEqual(
			own.map(({ id, shop }) => `${id} ${shop}`).sort()
		);
		expect(listed.map(({ at }) => at)).toEqual(own.map(({ at }) => at).sort((one, other) => other - one));
		const counted = await pages().count({ range: RANGE, filters: { ...LIST, ...filters } });
		expect(counted).toEqual({ count: own.length, isLeast: false });
	});

	test.each(filterCases)('open the sessions that they hit: %s', async (_, filters, matches) => {
		for (const range of [RANGE, EARLIER]) {
			const own = sent.filter((one) => within(one, range) && matches(one));
			const hit = value(await sessions(database.sql).list(sessionsHit(filters, range)));
			expect(hit.rows.map(({ sessionId }) => sessionId).sort()).toEqual(
				[...new Set(own.flatMap(({ session }) => session ?? []))].sort()
			);
			const figures = await pages().overview({
				now: NOW,
				range,
				filters: { ...NONE, ...filters },
				times: buckets(range, 'UTC', NOW),
				scope: null
			});
			expect([hit.count, hit.isLeast]).toEqual([figures.sessions, false]);
		}
	});

	test('of one group hit as many sessions as its page names and opens', async () => {
		for (const range of [RANGE, EARLIER]) {
			const { rows } = await groupsOf({}, range);
			for (const { group, sessions: counted } of rows) {
				const shown = await pages().group(group, range, NOW, null);
				const hit = value(await sessions(database.sql).list(sessionsHit({ group }, range)));
				expect([shown?.sessions, hit.count]).toEqual([counted, counted]);
				expect(shown?.hitSessions).toHaveLength(Math.min(20, counted));
			}
		}
	});

	test('are listed by what the tallies do not know, too', async () => {
		const filters = { device: 'mobile', severity: ['critical'] };
		const listed = await wholeList(filters);
		const own = sent.filter((one) => within(one, RANGE) && one.device === 'mobile' && one.severity === 'critical');
		expect(listed.map(({ id }) => id).sort()).toEqual(own.map(({ id }) => id).sort());
		const counted = await pages().count({ range: RANGE, filters: { ...LIST, ...filters } });
		expect(counted).toEqual({ count: own.length, isLeast: false });
	});

	test('have trends, severities and steps of each group, the most frequent first', async () => {
		const { rows, times } = await groupsOf({});
		for (const row of rows) {
			const own = sent.filter((one) => within(one, RANGE) && nameOf(one) === groupName(row));
			const sorted = (key: (one: Sent) => string) =>
				[...by(own, key)]
					.sort(([one, a], [other, b]) => b.length - a.length || (one < other ? -1 : 1))
					.map(([word]) => word);
			expect(row.severities).toEqual(sorted(({ severity }) => severity ?? 'error').slice(0, 4));
			expect(row.steps).toEqual(sorted(({ step }) => step ?? '').slice(0, 4));
			expect(row.trend).toEqual(
				times.partial.map(
					(_, bucket) =>
						own.filter((one) => within(one, { from: times.edges[bucket] ?? 0, to: times.edges[bucket + 1] ?? 0 }))
							.length
				)
			);
			const ever = sent.filter((one) => nameOf(one) === groupName(row)).map(({ at }) => at);
			expect([row.firstSeenAt, row.lastSeenAt]).toEqual([Math.min(...ever), Math.max(...ever)]);
		}
	});

	test('come in pages that meet without gaps, forth and back, while others arrive', async () => {
		for (const sort of [null, 'seen']) {
			const whole = (await groupsOf({ sort }, EARLIER)).rows.map(({ group }) => group);
			const read = async (cursor: string | null) =>
				value(
					await pages().groups({
						scope: null,
						now: NOW,
						zone: 'UTC',
						range: EARLIER,
						filters: { ...GROUPS, sort },
						cursor,
						limit: 3
					})
				);
			const first = await read(null);
			const second = await read(first.next);
			const third = await read(second.next);
			expect([...first.rows, ...second.rows, ...third.rows].map(({ group }) => group)).toEqual(whole);
			expect([third.next === null, first.previous]).toEqual([whole.length <= 9, null]);
			expect(value(await read(third.previous)).rows).toEqual(second.rows);
			expect(value(await read(second.previous)).rows).toEqual(first.rows);
		}
	});

	test('of a moving range keep their order on later pages', async () => {
		const read = async (now: number, cursor: string | null) =>
			value(
				await pages().groups({
					scope: null,
					now,
					zone: 'UTC',
					range: { from: now - DAY, to: now },
					filters: GROUPS,
					cursor,
					limit: 4
				})
			);
		const first = await read(NOW, null);
		const growing = { now: NOW, zone: 'UTC', range: { from: T0, to: NOW }, filters: GROUPS, limit: 4 };
		const begun = value(await pages().groups({ scope: null, ...growing, cursor: null }));
		const grown = value(
			await pages().groups({ scope: null, ...growing, range: { from: T0, to: NOW + HOUR }, cursor: begun.next })
		);
		expect(grown.range).toEqual({ from: T0, to: NOW });
		const later = await read(NOW + 20 * HOUR, first.next);
		expect(later.range).toEqual({ from: NOW - DAY, to: NOW });
		const seen = new Set([...first.rows, ...later.rows].map(({ group }) => group));
		expect(seen.size).toBe(first.count);
	});

	test('are as many behind the last page as on the first', async () => {
		const asked = { now: NOW, zone: 'UTC', range: EARLIER, filters: { ...GROUPS, severity: ['critical'] } };
		const first = value(await pages().groups({ scope: null, ...asked, cursor: null }));
		const shape = { list: 'error groups', sort: 'count', key: ['number', 'number', 'number', 'text'] } as const;
		const cursor = writeCursor(shape, 'next', [EARLIER.from, EARLIER.to, 0, '']);
		const behind = value(await pages().groups({ scope: null, ...asked, cursor }));
		expect(first.count).toBeGreaterThan(3);
		expect([behind.rows, behind.count]).toEqual([[], first.count]);
	});

	test.each(['device', 'os', 'browser'])('are not grouped by what is not counted: %s', async (name) => {
		const filters = { ...GROUPS, [name]: 'mobile' };
		const answer = await pages().groups({ scope: null, now: NOW, zone: 'UTC', range: RANGE, filters, cursor: null });
		expect(answer).toMatchObject({ isFault: true, field: name });
	});

	test('are not asked for with what cannot be read', async () => {
		expect(await pages().list({ range: RANGE, filters: LIST, cursor: 'nowhere' })).toMatchObject({ field: 'cursor' });
		const { next } = value(await pages().list({ range: RANGE, filters: LIST, cursor: null, limit: 2 }));
		const asked = { now: NOW, zone: 'UTC', range: RANGE, filters: GROUPS };
		expect(await pages().groups({ scope: null, ...asked, cursor: next })).toMatchObject({ field: 'cursor' });
		const made = (at: number) => writeCursor({ list: 'error', sort: 'occurred', key: ['number', 'text', 'text'] }, 'next', [at, '', '']); // prettier-ignore
		for (const at of [1e300, -1e17]) {
			expect(await pages().list({ range: RANGE, filters: LIST, cursor: made(at) })).toMatchObject({ field: 'cursor' });
		}
		const shape = { list: 'error groups', sort: 'count', key: ['number', 'number', 'number', 'text'] } as const;
		for (const [from, to] of [
			[0, 9e15],
			[NOW, NOW - HOUR],
			[-1e300, 1e300]
		] as const) {
			const cursor = writeCursor(shape, 'next', [from, to, 1, '']);
			expect(await pages().groups({ scope: null, ...asked, cursor })).toMatchObject({ field: 'cursor' });
		}
		const sort = { ...asked, filters: { ...GROUPS, sort: 'luck' }, cursor: null };
		expect(await pages().groups({ ...sort, scope: null })).toMatchObject({ field: 'sort' });
	});
});

describe('a group of errors', () => {
	test('is split as its errors were sent', async () => {
		const { rows } = await groupsOf({});
		const row = first(rows);
		const group = await pages().group(row.group, RANGE, NOW, null);
		const own = sent.filter((one) => within(one, RANGE) && nameOf(one) === groupName(row));
		const parts = (key: (one: Sent) => string) =>
			[...by(own, key)]
				.map(([part, list]) => ({ value: part, errors: list.length }))
				.sort((one, other) => other.errors - one.errors || (one.value < other.value ? -1 : 1));
		expect(group).toMatchObject({
			errorsEver: sent.filter((one) => nameOf(one) === groupName(row)).length,
			sessions: row.sessions,
			sampled: own.length,
			shops: parts(({ shop }) => shop ?? ''),
			severities: parts(({ severity }) => severity ?? 'error'),
			steps: parts(({ step }) => step ?? ''),
			devices: parts(({ device }) => device ?? ''),
			state: 'open',
			history: []
		});
		const newest = own.sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1)).slice(0, 10);
		expect(group?.latest.map(({ id }) => id)).toEqual(newest.map(({ id }) => id));
		const sessions = [...by(own, ({ session }) => session ?? '')].filter(([session]) => session !== '');
		const latest = sessions.map(([session, list]) => ({ session, at: Math.max(...list.map(({ at }) => at)) }));
		expect(group?.hitSessions.map(({ sessionId }) => sessionId)).toEqual(
			latest
				.sort((one, other) => other.at - one.at || (one.session < other.session ? -1 : 1))
				.slice(0, 20)
				.map(({ session }) => session)
		);
	});

	test('is nothing where no error of it is known', async () => {
		expect(await pages().group('0'.repeat(32), RANGE, NOW, null)).toBeNull();
		expect(await pages().group("' or true", RANGE, NOW, null)).toBeNull();
	});

	test('knows what was said of it, in its state, its history and the errors themselves', async () => {
		const start = Date.now() - HOUR;
		const range = { from: start - HOUR, to: Date.now() + 10 * HOUR };
		const send = (id: string, at: number) =>
			commit([asEvent({ ...first(sent), id, at, code: 'SAID', seconds: null, shop: 'said.example' })]);
		await send('said-1', start);
		const { rows } = await groupsOf({ q: 'SAID' }, range);
		const group = rows[0]?.group ?? '';
		const say = async (type: string, by: string) => {
			expect(await recorder(writer.commit.bind(writer))(type, { group, by })).toMatchObject({ accepted: 1 });
		};
		const known = async () => {
			const now = await pages().group(group, range, Date.now(), null);
			const view = await database.sql<{ id: string; acknowledged: boolean; resolved: boolean }[]>`
				select id, acknowledged_at is not null as acknowledged, resolved_at is not null as resolved
				from errors where group_key = ${group} order by id`;
			const said = view.map((error) => `${error.id} ${error.acknowledged} ${error.resolved}`);
			return { state: now?.state, by: now?.acknowledgedBy ?? now?.resolvedBy ?? null, view: said };
		};

		expect(await known()).toEqual({ state: 'open', by: null, view: ['said-1 false false'] });
		await say('error_group_acknowledged', 'Ann');
		expect(await known()).toEqual({ state: 'acknowledged', by: 'Ann', view: ['said-1 true false'] });
		await say('error_group_resolved', 'Ben');
		expect(await known()).toEqual({ state: 'resolved', by: 'Ben', view: ['said-1 false true'] });
		expect((await groupsOf({ state: ['resolved'] }, range)).rows.map((row) => row.group)).toEqual([group]);

		// A client cannot say it.
		await commit([event('error_group_reopened', { data: { group, by: 'Eve' }, ip: '203.0.113.9', id: 'forged' })]);
		expect(await known()).toMatchObject({ state: 'resolved' });

		await send('said-2', Date.now() + HOUR);
		expect(await known()).toEqual({ state: 'came_back', by: 'Ben', view: ['said-1 false true', 'said-2 false false'] });
		await say('error_group_reopened', 'Cleo');
		expect(await known()).toMatchObject({ state: 'open', by: null });
		expect(
			(await pages().group(group, range, Date.now(), null))?.history.map(({ said, by: who }) => `${said} ${who}`)
		).toEqual(['reopened Cleo', 'resolved Ben', 'acknowledged Ann']);
	});
});
