/**
 * The contract of the event endpoint, sentence by sentence, down to the rows. One file, so that it can be read beside the
 * contract: what is accepted, refused, mended, recognised, and set right.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { eventEndpoint } from '../../src/lib/server/ingest/endpoint';
import { testDatabase, type TestDatabase } from '../support/database';
import { NO_KEYS } from '../support/keyring';

interface Answer {
	status: number;
	headers: Record<string, string>;
	body: { processed: number; accepted: number; duplicates: number; rejected: { index: number; reason: string }[] } & {
		error?: { code: string; message: string };
	};
}

let database: TestDatabase;
let committer: Committer;

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: () => undefined };
	committer = new Committer({
		url: database.url,
		lanes: 2,
		queue: { maxEvents: 50_000, maxSize: 1e8 },
		stallMs: 10_000,
		log
	});
});

afterAll(async () => {
	await committer.stop();
	await database.drop();
});

beforeEach(async () => {
	await database.sql`truncate analytics_events, commits, rejected_events, sessions, session_steps, error_events, ai_requests, shops`;
});

async function send(
	body: string | Uint8Array,
	headers: Record<string, string> = { 'content-type': 'application/json' },
	method = 'POST'
): Promise<Answer> {
	const endpoint = eventEndpoint(committer.commit.bind(committer), 60_000, NO_KEYS, console);
	const answer = await endpoint.handle({
		method,
		query: '',
		header: (name) => headers[name],
		body: typeof body === 'string' ? Buffer.from(body) : body,
		address: '203.0.113.9'
	});
	expect(answer.headers['access-control-allow-origin']).toBe('*');
	const read = (answer.body === '' ? {} : JSON.parse(answer.body)) as Answer['body'];
	return { ...answer, body: read };
}

const post = (value: unknown, headers?: Record<string, string>) => send(JSON.stringify(value), headers);

function started(change: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		type: 'session_started',
		sessionId: 's1',
		shopDomain: 'a.example',
		timestamp: new Date(Date.now() - 60_000).toISOString(),
		data: { productTitle: 'Chair' },
		...change
	};
}

async function stored(): Promise<Record<string, unknown>[]> {
	return database.sql`select * from analytics_events order by event_time, id`;
}

describe('what is accepted', () => {
	test('a batch, a bare array and one bare event are all batches', async () => {
		expect((await post({ events: [started({ id: '1' })] })).body).toMatchObject({
			success: true,
			processed: 1,
			accepted: 1
		});
		expect((await post([started({ id: '2' }), started({ id: '3' })])).body).toMatchObject({ accepted: 2 });
		expect((await post(started({ id: '4' }))).body).toMatchObject({ accepted: 1 });
		expect((await post({ events: [] })).body).toMatchObject({ processed: 0, accepted: 0, duplicates: 0, rejected: [] });
		expect(await stored()).toHaveLength(4);
	});

	test.each(['application/json', 'application/json; charset=utf-8', 'text/plain;charset=UTF-8', 'Text/Plain'])(
		'the content type %s',
		async (type) => {
			expect((await post([started()], { 'content-type': type })).status).toBe(200);
		}
	);

	test('no content type at all, and a gzipped body', async () => {
		expect((await post([started({ id: 'a' })], {})).status).toBe(200);
		const body = gzipSync(JSON.stringify([started({ id: 'b' })]));
		expect((await send(body, { 'content-encoding': 'gzip' })).body).toMatchObject({ accepted: 1 });
	});

	test('snake_case spellings of the envelope', async () => {
		const client = '2026-01-09T11:00:00.123Z';
		await post({
			event_type: 'ping',
			session_id: 's9',
			shop: 'b.example',
			client_timestamp: client,
			device_context: { deviceType: 'mobile' }
		});
		expect(await stored()).toMatchObject([
			{
				event_type: 'ping',
				session_id: 's9',
				shop_domain: 'b.example',
				client_timestamp: new Date(client),
				device_context: { deviceType: 'mobile' },
				ip: '203.0.113.9'
			}
		]);
	});

	test('custom types, unknown words and fields that no contract names are kept as they are', async () => {
		await post([
			{ type: 'variants_generated', shopDomain: '', data: ['any', { json: null }], campaign: { id: 7 } },
			{ type: 'step_update', sessionId: 's2', data: { step: 'lighting', status: 'paused' } }
		]);
		expect(await stored()).toEqual(
			expect.arrayContaining([
				expect.objectContaining({ shop_domain: '', data: ['any', { json: null }], extra: { campaign: { id: 7 } } }),
				expect.objectContaining({ shop_domain: null, data: { step: 'lighting', status: 'paused' } })
			])
		);
		expect(await database.sql`select step, status from session_steps`).toEqual([
			{ step: 'lighting', status: 'paused' }
		]);
		expect(await database.sql`select * from shops`).toEqual([]);
	});
});

describe('what is refused as a whole', () => {
	test.each([
		['{', {}, 400, 'invalid_json'],
		['', {}, 400, 'invalid_json'],
		['"text"', {}, 400, 'invalid_batch'],
		['{"sessionId":"s"}', {}, 400, 'invalid_batch'],
		['{"events":{}}', {}, 400, 'invalid_batch'],
		['null', {}, 400, 'invalid_batch'],
		['[]', { 'content-type': 'text/html' }, 415, 'unsupported_media_type'],
		['[]', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
		['[]', { 'content-encoding': 'br' }, 415, 'unsupported_encoding'],
		['[]', { 'content-encoding': 'gzip' }, 400, 'invalid_gzip']
	])('%j with %j is %i %s', async (body, headers, status, code) => {
		const answer = await send(body, headers);
		expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
		expect(answer.body.error?.message).toMatch(/\w/);
	});

	test('more than 1,000 events, and a gzip bomb, are 413', async () => {
		const many = await post(Array.from({ length: 1001 }, () => ({ type: 'x' })));
		expect([many.status, many.body.error?.code]).toEqual([413, 'too_many_events']);
		const bomb = await send(gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')), { 'content-encoding': 'gzip' });
		expect([bomb.status, bomb.body.error?.code]).toEqual([413, 'body_too_large']);
		expect(await stored()).toEqual([]);
	});

	test('the preflight is 204 and names what was asked for; GET says what this is; other methods are 405', async () => {
		const preflight = await send('', { 'access-control-request-headers': 'content-type,x-mine' }, 'OPTIONS');
		expect(preflight.status).toBe(204);
		expect(preflight.headers).toMatchObject({ 'access-control-allow-headers': 'content-type,x-mine' });
		expect(preflight.headers['access-control-allow-methods']).toContain('POST');
		expect((await send('', {}, 'GET')).body).toHaveProperty('description');
		const deleted = await send('', {}, 'DELETE');
		expect([deleted.status, deleted.headers['allow']]).toEqual([405, 'POST, GET, HEAD, OPTIONS']);
	});
});

describe('one bad event never harms its neighbours', () => {
	test('what cannot be an event is rejected with its place and reason and kept byte for byte', async () => {
		const deep = '['.repeat(40) + ']'.repeat(40);
		const big = JSON.stringify({ type: 'big', data: 'x'.repeat(70_000) });
		const raw = [
			'7',
			'{ "type" : "",  "a": "\\u0041" }',
			`{"type":"deep","data":${deep}}`,
			'{"type":"ok"}',
			big,
			'[ {"type":"x"} ]'
		];
		const answer = await send(`{"note":"events: [1]","events":[${raw.join(' ,\n ')}]}`);
		expect(answer.status).toBe(200);
		expect(answer.body).toMatchObject({ processed: 1, accepted: 1, duplicates: 0 });
		expect(answer.body.rejected).toEqual([
			{ index: 0, reason: 'not an object' },
			{ index: 1, reason: 'no type' },
			{ index: 2, reason: 'nested deeper than 32 levels' },
			{ index: 4, reason: 'larger than 64 KiB' },
			{ index: 5, reason: 'not an object' }
		]);
		const kept = await database.sql<
			{ raw: Buffer }[]
		>`select raw from rejected_events order by received_at, length(raw)`;
		expect(kept.map((row) => row.raw.toString()).sort()).toEqual([raw[0], raw[1], raw[2], raw[4], raw[5]].sort());
	});

	test('an event of exactly 64 KiB is stored, one of a byte more is rejected', async () => {
		const ofSize = (bytes: number) => {
			const event = { type: 'sized', data: { list: [1, { a: 'é"' }], text: '' } };
			event.data.text = 'x'.repeat(bytes - Buffer.byteLength(JSON.stringify(event)));
			return event;
		};
		const answer = await post([ofSize(65_535), ofSize(65_536), ofSize(65_537)]);
		expect(answer.body).toMatchObject({ accepted: 2, rejected: [{ index: 2, reason: 'larger than 64 KiB' }] });
	});

	test('a rejected event is kept alone and as it came: whatever space surrounds it, and in bytes that are no UTF-8', async () => {
		const space = ' '.repeat(5000);
		const odd = Buffer.from('{"type":"","a":"\xff\xc3"}', 'latin1');
		const bytes = Buffer.concat([
			Buffer.from(`\ufeff{"events":[9,9],"events"${space}:${space}[1,${space}`),
			odd,
			Buffer.from(',3]}')
		]);
		expect((await send(bytes)).body.rejected).toHaveLength(3);
		const kept = await database.sql<{ raw: Buffer }[]>`select raw from rejected_events order by length(raw), raw`;
		expect(kept.map(({ raw }) => raw)).toEqual([Buffer.from('1'), Buffer.from('3'), odd]);
	});

	test('a bad batch that is sent again is answered the same and kept once; the same twice in one batch is kept twice', async () => {
		const bad = { events: [started(), 'no event', 'no event', { type: '' }] };
		const kept = () => database.sql`select from rejected_events`;
		expect((await post(bad)).body).toMatchObject({ accepted: 1, duplicates: 0 });
		expect(await kept()).toHaveLength(3);
		const again = await post(bad);
		expect(again.body).toMatchObject({ accepted: 0, duplicates: 1 });
		expect(again.body.rejected).toHaveLength(3);
		expect(await kept()).toHaveLength(3);
		// In a batch of another composition, and from another client.
		await post(['no event']);
		expect(await kept()).toHaveLength(3);
		await send('["no event"]', { 'user-agent': 'another' });
		expect(await kept()).toHaveLength(4);
	});

	test('what can be mended is mended: NUL, lone surrogates, unreadable times, endless numbers, overlong names', async () => {
		const long = 'é'.repeat(2000);
		const answer = await send(
			`[{"type":"a","sessionId":"s\\u0000","shopDomain":"\\ud800","timestamp":"yesterday","data":{"k\\u0000":"\\udfff","n":1e400,"__proto__":{"x":1}}},
			{"type":"b","sessionId":"${long}1","timestamp":8.64e15},{"type":"b","sessionId":"${long}2","timestamp":{"a":1}},
			{"type":"step_update","sessionId":"s","data":{"step":"${long}","status":"started"}},
			{"type":"ai_request","sessionId":"s","data":{"requestId":"${long}","costUsd":1e300,"startedAt":"2026-02-31T10:00:00Z","durationMs":"12"}},
			{"type":"c","data":-1e400}]`
		);
		expect(answer.body).toMatchObject({ accepted: 6, rejected: [] });
		expect(await database.sql`select data from analytics_events where event_type = 'c'`).toEqual([{ data: {} }]);
		const [first] = await database.sql`select * from analytics_events where event_type = 'a'`;
		expect(first).toMatchObject({ session_id: 's\uFFFD', shop_domain: '\uFFFD', client_timestamp: null });
		expect(JSON.stringify(first?.['data'])).toBe('{"n":null,"k\uFFFD":"\uFFFD","__proto__":{"x":1}}');
		expect(await database.sql`select distinct session_id from analytics_events where event_type = 'b'`).toHaveLength(2);
		expect(await database.sql`select cost_usd, duration_ms, started_at from ai_requests`).toEqual([
			{ cost_usd: null, duration_ms: '12', started_at: new Date('2026-03-03T10:00:00Z') }
		]);
	});

	test('any JSON at all: no fault, and received = stored + duplicates + rejected', async () => {
		const eventish = fc.record(
			{
				type: fc.oneof(
					fc.constantFrom('step_update', 'session_started', 'session_ended', 'error', 'ai_request'),
					fc.jsonValue()
				),
				sessionId: fc.oneof(fc.constantFrom('s1', 's2'), fc.jsonValue()),
				shopDomain: fc.jsonValue(),
				timestamp: fc.oneof(
					fc.jsonValue(),
					fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
				),
				data: fc.oneof(
					fc.jsonValue(),
					fc.dictionary(
						fc.constantFrom(
							'step',
							'status',
							'durationMs',
							'requestId',
							'costUsd',
							'startedAt',
							'isRegeneration',
							'productPrice'
						),
						fc.jsonValue()
					)
				),
				deviceContext: fc.jsonValue(),
				id: fc.jsonValue()
			},
			{ requiredKeys: [] }
		);
		await fc.assert(
			fc.asyncProperty(fc.array(fc.oneof(eventish, fc.jsonValue()), { maxLength: 20 }), async (events) => {
				const counted = () => database.sql<{ log: number; rejected: number }[]>`
					select (select count(*)::int from analytics_events) as log, (select count(*)::int from rejected_events) as rejected`;
				// What another round kept today is known again.
				await database.sql`truncate rejected_events`;
				const [before] = await counted();
				const answer = await post({ events });
				expect(answer.status).toBe(200);
				expect(answer.body.processed + answer.body.rejected.length).toBe(events.length);
				const [after] = await counted();
				expect((after?.log ?? 0) - (before?.log ?? 0)).toBe(answer.body.accepted);
				expect((after?.rejected ?? 0) - (before?.rejected ?? 0)).toBe(answer.body.rejected.length);
			}),
			{ numRuns: 150 }
		);
	});
});

describe('duplicates', () => {
	test("a client's own id decides, within its shop", async () => {
		const one = started({ id: 'e1', data: { a: 1 } });
		expect((await post([one, { ...one, data: { a: 2 } }])).body).toMatchObject({
			processed: 2,
			accepted: 1,
			duplicates: 1
		});
		expect((await post([{ ...one, shopDomain: 'b.example' }])).body).toMatchObject({ accepted: 1 });
		expect((await post([one])).body).toMatchObject({ accepted: 0, duplicates: 1 });
	});

	test('without an id, a retry in a batch of another composition and another order of keys is recognised', async () => {
		const one = started();
		const two = started({ type: 'user_action', data: { action: 'zoom_pan', x: { b: 1, a: 2 } } });
		expect((await post({ events: [one, two] })).body).toMatchObject({ accepted: 2 });
		const again = { ...two, data: { x: { a: 2, b: 1 }, action: 'zoom_pan' } };
		const newer = started({ type: 'error', data: { errorCode: 'E' } });
		expect((await post([newer, again, one])).body).toMatchObject({ accepted: 1, duplicates: 2 });
	});

	test('a hundred requests at once with the same events store each once', async () => {
		const events = Array.from({ length: 10 }, (_, index) => started({ id: `e${index}` }));
		const answers = await Promise.all(Array.from({ length: 100 }, () => post(events)));
		expect(answers.reduce((sum, answer) => sum + answer.body.accepted, 0)).toBe(10);
		expect(answers.every((answer) => answer.body.processed === 10)).toBe(true);
		expect(await database.sql`select event_count from sessions`).toEqual([{ event_count: 10 }]);
	});
});

describe('clocks', () => {
	const at = (row: Record<string, unknown> | undefined) => (row?.['client_timestamp'] as Date).getTime();

	test('a batch from a clock that runs ahead is shifted back as a whole', async () => {
		const ahead = Date.now() + 3_600_000;
		await post([
			started({ id: 'a', timestamp: new Date(ahead - 5000).toISOString() }),
			started({ id: 'b', timestamp: new Date(ahead).toISOString() })
		]);
		const [a, b] = await stored();
		expect(at(b) - at(a)).toBe(5000);
		expect(at(b)).toBe((b?.['server_timestamp'] as Date).getTime());
	});

	test('a batch keeps its order however far its clock runs ahead', async () => {
		const day = Date.now() + 86_400_000;
		await post([
			started({ id: 'z', timestamp: day - 3000 }),
			started({ id: 'b', timestamp: day + 2000 }),
			started({ id: 'a', timestamp: day + 4000 })
		]);
		expect((await stored()).map((row) => row['id'])).toEqual(['z', 'b', 'a']);
	});

	test('with sentAt the offset is known and used in both directions', async () => {
		for (const offset of [-7_200_000, 7_200_000]) {
			const clock = Date.now() + offset;
			await post({
				sentAt: new Date(clock).toISOString(),
				events: [started({ id: randomUUID(), timestamp: new Date(clock - 60_000).toISOString() })]
			});
		}
		for (const row of await stored()) expect(Math.abs(Date.now() - 60_000 - at(row))).toBeLessThan(30_000);
	});

	test('one mad timestamp does not move its neighbours', async () => {
		const good = new Date(Date.now() - 30_000).toISOString();
		await post([started({ id: 'good', timestamp: good }), started({ id: 'mad', timestamp: '2099-01-01T00:00:00Z' })]);
		const rows = await stored();
		expect(rows.find((row) => row['id'] === 'good')?.['client_timestamp']).toEqual(new Date(good));
		expect(at(rows.find((row) => row['id'] === 'mad'))).toBeLessThanOrEqual(Date.now());
	});
});

test('random bytes are answered, never stored and never a fault', async () => {
	for (let round = 0; round < 300; round++) {
		const answer = await send(randomBytes(round), round % 2 ? { 'content-encoding': 'gzip' } : {});
		expect([200, 400]).toContain(answer.status);
	}
	expect(await stored()).toEqual([]);
});
