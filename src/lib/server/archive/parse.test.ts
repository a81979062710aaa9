import { describe, expect, it } from 'vitest';
import { parsedObject } from '../../../../tests/support/archive';
import { readBody } from '../ingest/body';
import { parseBatch } from '../ingest/parse';
import type { ParsedObject } from './parse';

const AT = '2026-01-09T11:12:16.123Z';
const NOW = Date.parse('2026-11-22T10:00:00Z');
const REQUEST = { origin: 'https://a.example', userAgent: 'Mozilla/5.0', ip: '203.0.113.9' };
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const older = (events: unknown[], request: object = REQUEST) => bytes({ serverTimestamp: AT, request, events });
const started = {
	type: 'session_started',
	sessionId: 'sess_1',
	shopDomain: 'a.example',
	timestamp: '2026-01-09T11:12:15.000Z',
	data: { productTitle: 'Chair' },
	deviceContext: { os: 'iOS' }
};

function parsed(body: Uint8Array): ParsedObject {
	const object = parsedObject(body, NOW);
	if ('damage' in object) throw new Error(object.damage);
	return object;
}
const rows = (body: Uint8Array) =>
	parsed(body).events.map(({ row }) => JSON.parse(row.json) as Record<string, unknown>);

describe('an older object', () => {
	it('gives the rows that its batch would have given at ingest at that time', async () => {
		const events = [
			started,
			{ ...started, type: 'room_uploaded', shopDomain: '', timestamp: '2026-01-09T11:12:15.500Z' },
			{ event_type: 'other', session_id: 's', shop: 'b', client_timestamp: 'never', more: 1 },
			{ ...started, timestamp: '2026-01-09T13:00:00.000Z', data: { text: '\u0000\ud800' } }
		];
		const body = older(events);
		const json = JSON.stringify({ events });
		const received = await readBody(Buffer.from(json), 'application/json', undefined);
		if ('code' in received) throw new Error(received.message);
		const batch = parseBatch(received.json, json, REQUEST, Date.parse(AT));
		if ('code' in batch) throw new Error(batch.message);
		expect(parsed(body).events.map(({ row }) => row)).toEqual(batch.batch.events);
		expect(rows(body)[3]).toMatchObject({ client: AT, server: AT, shift: -6_463_877 });
	});

	it('keeps what cannot be an event as ingest does, the same each time it is read', () => {
		const body = older([started, 7, { data: 1 }, 7, { type: 'large', data: 'x'.repeat(70_000) }]);
		const first = parsed(body);
		expect(first.events).toHaveLength(1);
		expect(first.rejected.map(({ json }) => (JSON.parse(json) as { reason: string }).reason)).toEqual([
			'not an object',
			'no type',
			'not an object',
			'larger than 64 KiB'
		]);
		expect(new Set(first.rejected.map(({ json }) => json)).size).toBe(4);
		expect(parsed(body).rejected).toEqual(first.rejected);
	});

	it('never yields an event of the server’s own, whatever a client wrote into it', () => {
		const forged = {
			...started,
			type: 'price_set',
			id: 'o_1',
			serverTimestamp: AT,
			userAgent: null,
			ip: null
		};
		const later = { ...forged, serverTimestamp: '2026-01-09T11:12:16.124Z' };
		const none = { origin: null, userAgent: null, ip: null };
		for (const body of [
			older([forged]),
			older([started, forged]),
			older([{ ...forged, serverTimestamp: undefined }], none),
			older([later], none),
			bytes({ serverTimestamp: AT, events: [started] }),
			bytes({ serverTimestamp: AT, request: null, events: [{ ...started, ip: null }] })
		]) {
			for (const row of rows(body)) expect(row['ip']).not.toBeNull();
		}
	});

	it('may have more events than a batch may have now', () => {
		expect(rows(older(Array.from({ length: 1500 }, (_, n) => ({ ...started, data: { n } }))))).toHaveLength(1500);
	});
});

describe('an object of this version', () => {
	const own = { ...started, id: 'e1', serverTimestamp: AT, userAgent: 'UA', ip: '192.0.2.1' };

	it('gives exactly its rows: nothing is corrected again', () => {
		const ahead = { ...own, timestamp: '2027-01-01T00:00:00.000Z', clockShiftMs: -5, extra: { a: { __proto__x: 1 } } };
		const body = bytes({ serverTimestamp: AT, request: REQUEST, events: [ahead, { ...own, timestamp: null }] });
		expect(rows(body)).toEqual([
			{
				id: 'e1',
				type: 'session_started',
				session: 'sess_1',
				shop: 'a.example',
				data: { productTitle: 'Chair' },
				device: { os: 'iOS' },
				client: '2026-12-31T23:59:59.995Z',
				server: AT,
				agent: 'UA',
				ip: '192.0.2.1',
				shift: -5,
				extra: { a: { __proto__x: 1 } }
			},
			expect.objectContaining({ client: null, shift: 0 })
		]);
	});

	it('gives back what the server made itself, where the object agrees with itself', () => {
		const swept = { ...own, type: 'session_timed_out', id: 't_1', userAgent: null, ip: null };
		const body = (request: object) => bytes({ serverTimestamp: AT, request, events: [swept, own] });
		expect(rows(body({ origin: null, userAgent: null, ip: null }))[0]).toMatchObject({ id: 't_1', ip: null });
		expect(rows(body(REQUEST))[0]).toMatchObject({ ip: '203.0.113.9' });
	});
});

describe('a damaged object', () => {
	const FAR = '2026-11-22T10:06:00.000Z';
	it.each([
		['', 'it is empty'],
		['{"serverTimestamp":"2026-01-09T11', 'not JSON'],
		['[]', 'not a JSON object'],
		[{ serverTimestamp: AT, request: REQUEST }, 'it has no events'],
		[{ request: REQUEST, events: [started] }, 'its serverTimestamp is no time'],
		[{ serverTimestamp: 'soon', request: REQUEST, events: [] }, 'its serverTimestamp is no time'],
		[{ serverTimestamp: FAR, request: REQUEST, events: [started] }, 'its serverTimestamp is in the future'],
		[
			{ serverTimestamp: AT, events: [{ ...started, id: 'x', serverTimestamp: FAR, userAgent: null, ip: '' }] },
			'the serverTimestamp of its event x is in the future'
		]
	])('is a value with its reason: %j', (body, reason) => {
		expect(parsedObject(bytes(body), NOW)).toEqual({ damage: expect.stringContaining(reason) as string });
	});
});
