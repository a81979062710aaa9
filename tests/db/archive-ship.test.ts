/** Shipping to a folder: what an object says, how commits are joined, and that each event is in exactly one object. */
import { execFile, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileStore } from '../../src/lib/server/archive/files';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import type { Shipping } from '../../src/lib/server/archive/shipper-object';
import { logRow } from '../../src/lib/server/commit/rows';
import { parsedObject } from '../support/archive';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event, T0 } from '../support/events';
import { temporaryFolder } from '../support/process';

const MIB = 1024 * 1024;

let database: TestDatabase;
let folder: string;
let shipping: Shipping & { warned: string[] };

beforeEach(async () => {
	database = await testDatabase();
	folder = await temporaryFolder();
	const warned: string[] = [];
	shipping = {
		sql: database.sql,
		store: new FileStore(folder),
		log: { warn: (message) => warned.push(message) },
		warned
	};
});
afterEach(() => database.drop());

const ship = (objectBytes = 4 * MIB) => shipEverything(shipping, objectBytes, () => undefined);

interface Line {
	serverTimestamp: string;
	request: { origin: string | null; userAgent: string | null; ip: string | null };
	events: Record<string, unknown>[];
}

async function objects(): Promise<{ name: string; text: string; line: Line }[]> {
	const found = [];
	for await (const { name, size } of shipping.store.list({ prefix: '' })) {
		const text = await readFile(join(folder, name), 'utf8');
		expect(size).toBe(Buffer.byteLength(text));
		found.push({ name, text, line: JSON.parse(text) as Line });
	}
	return found;
}

describe('an object', () => {
	it('is one line of JSON under the time of its earliest event, in the shape of those of old with what a restore needs', async () => {
		await commitEvents(database.sql, [
			event('step_update', {
				id: 'e2',
				sessionId: 'sess_m3x_9f2k1c',
				shopDomain: 'example.myshopify.com',
				data: { step: 'mask', status: 'completed', durationMs: 8120 },
				deviceContext: { deviceType: 'mobile', os: 'iOS' },
				clientTime: Date.UTC(2026, 0, 9, 11, 12, 14, 7),
				clockShiftMs: -61_000,
				serverTime: Date.UTC(2026, 0, 9, 11, 12, 17),
				userAgent: 'Mozilla/5.0 "B"',
				ip: '203.0.113.10',
				extra: { page: 3 }
			}),
			event('ar_button_click', {
				id: 'e1',
				sessionId: null,
				shopDomain: '',
				clientTime: null,
				serverTime: Date.UTC(2026, 0, 9, 11, 12, 16, 123),
				userAgent: null,
				ip: '203.0.113.9'
			})
		]);
		await ship();
		// By hand, from the description of what lies in the bucket.
		const text =
			'{"serverTimestamp":"2026-01-09T11:12:16.123Z","request":{"origin":null,"userAgent":null,"ip":"203.0.113.9"},"events":[' +
			'{"type":"ar_button_click","sessionId":null,"shopDomain":"","data":{},"timestamp":null,"deviceContext":null,' +
			'"id":"e1","serverTimestamp":"2026-01-09T11:12:16.123Z","userAgent":null,"ip":"203.0.113.9"},' +
			'{"type":"step_update","sessionId":"sess_m3x_9f2k1c","shopDomain":"example.myshopify.com",' +
			'"data":{"step": "mask", "status": "completed", "durationMs": 8120},"timestamp":"2026-01-09T11:13:15.007Z",' +
			'"deviceContext":{"os": "iOS", "deviceType": "mobile"},"id":"e2","serverTimestamp":"2026-01-09T11:12:17.000Z",' +
			'"userAgent":"Mozilla/5.0 \\"B\\"","ip":"203.0.113.10","clockShiftMs":-61000,"extra":{"page": 3}}]}';
		const name = `analytics/events/2026/01/09/2026-01-09T11:12:16.123Z_${hash('sha256', text).slice(0, 16)}.json`;
		expect((await objects()).map((object) => [object.name, object.text])).toEqual([[name, text]]);
		expect(await database.sql`select name, state, events, bytes, sha256 from archive_objects`).toEqual([
			{ name, state: 'shipped', events: 2, bytes: String(text.length), sha256: hash('sha256', text) }
		]);
	});

	it('says where its first event came from, and marks events of the server with an ip that is null', async () => {
		await commitEvents(database.sql, [
			event('session_started', { id: 'a', shopDomain: 'a.example', userAgent: 'UA', ip: '192.0.2.1' }),
			event('session_timed_out', { id: 'b', serverTime: T0 + 1 })
		]);
		await ship();
		const [object] = await objects();
		expect(object?.line.request).toEqual({ origin: 'https://a.example', userAgent: 'UA', ip: '192.0.2.1' });
		expect(object?.line.events.map(({ ip }) => ip)).toEqual(['192.0.2.1', null]);
	});

	it('says of an event which write key vouched for it, and gives it back with the row', async () => {
		const signed = event('session_started', {
			id: 'a',
			userAgent: 'UA',
			ip: '192.0.2.1',
			keyId: 'k_1-a',
			extra: { n: 1 }
		});
		const unsigned = event('session_started', { id: 'b', userAgent: 'UA', ip: '192.0.2.1', serverTime: T0 + 1 });
		await commitEvents(database.sql, [signed, unsigned]);
		expect(await database.sql`select id, key_id from analytics_events order by id`).toEqual([
			{ id: 'a', key_id: 'k_1-a' },
			{ id: 'b', key_id: null }
		]);
		await ship();
		const [object] = await objects();
		expect(object?.text).toContain('"ip":"192.0.2.1","keyId":"k_1-a","extra":{"n": 1}}');
		expect(object?.line.events.map((line) => 'keyId' in line)).toEqual([true, false]);
		const read = parsedObject(Buffer.from(object?.text ?? ''), T0 + 60_000);
		if ('damage' in read) throw new Error(read.damage);
		expect(read.events.map(({ row }) => row.json)).toEqual([signed, unsigned].map((one) => logRow(one).json));
	});

	it('is one line and says the same, whatever odd texts are in it', async () => {
		const odd = 'line\nline\r\u2028 "quoted" \\ 椅子 😀 \u0007 </script>';
		const data = {
			[odd]: odd,
			nul: 'a\u0000b',
			half: 'a\ud800b',
			huge: 1e300,
			tiny: 5e-324,
			__proto__: null,
			list: [[], {}, null, -0]
		};
		await commitEvents(database.sql, [
			event('odd\n', {
				id: odd.slice(0, 30),
				sessionId: odd,
				shopDomain: '椅子.example',
				data,
				userAgent: odd,
				ip: odd
			})
		]);
		await commitEvents(database.sql, [event('large', { id: 'l', data: { text: '\u0001'.repeat(60_000) } })]);
		await ship();
		const [object] = await objects();
		expect(object?.text).not.toContain('\n');
		expect(object?.line.events[1]).toMatchObject({
			type: 'large',
			data: { text: '\u0001'.repeat(60_000) }
		});
		expect(object?.line.events[0]).toMatchObject({
			type: 'odd\n',
			id: odd.slice(0, 30),
			sessionId: odd,
			shopDomain: '椅子.example',
			userAgent: odd,
			ip: odd,
			data: { [odd]: odd, nul: 'a\ufffdb', half: 'a\ufffdb', huge: 1e300, tiny: 5e-324, list: [[], {}, null, 0] }
		});
	});

	it('of one commit has the time of the client as it was sent, so that the shift leads back to that of the log', async () => {
		const clientTime = T0 - 5;
		await commitEvents(database.sql, [event('a', { id: 'a', clientTime, clockShiftMs: 90_000_000 })]);
		await ship();
		const [object] = await objects();
		const [sent] = object?.line.events ?? [];
		expect(Date.parse(String(sent?.['timestamp'])) + Number(sent?.['clockShiftMs'])).toBe(clientTime);
	});
});

describe('what the README says of reading the archive elsewhere', () => {
	const readme = readFileSync('README.md', 'utf8');
	const [, section = ''] = readme.split(/^## Reading the archive elsewhere$/m);
	const block = (language: string) => new RegExp(`\\n\`\`\`${language}\\n([^]*?)\\n\`\`\``).exec(section)?.[1] ?? '';

	const everyField = () => [
		event('session_started', {
			id: 'all',
			sessionId: 's',
			shopDomain: 'example.myshopify.com',
			clientTime: Date.UTC(2026, 0, 9),
			serverTime: Date.UTC(2026, 0, 9),
			clockShiftMs: -1,
			userAgent: 'UA',
			ip: '192.0.2.1',
			keyId: 'k',
			extra: { page: 3 }
		}),
		...['ping', 'ping', 'pong'].map((type, n) =>
			event(type, {
				id: `e${n}`,
				shopDomain: 'example.myshopify.com',
				serverTime: Date.UTC(2026, 0, 31, 23, n),
				ip: '::1'
			})
		),
		event('ping', { id: 'other', shopDomain: 'another.example', serverTime: Date.UTC(2026, 0, 9), ip: '::1' }),
		event('ping', { id: 'later', shopDomain: 'example.myshopify.com', serverTime: Date.UTC(2026, 1, 1), ip: '::1' })
	];

	it('names each field that an object has in the external table, and no other', async () => {
		await commitEvents(database.sql, everyField());
		await ship();
		const table = /create external table \S+ \(([^]*?)\n\)\noptions/.exec(block('sql'))?.[1] ?? '';
		const inner = /array<struct<([^]*?)>>/.exec(table)?.[1] ?? '';
		const request = /request struct<([^]*?)>/.exec(table)?.[1] ?? '';
		const names = (columns: string) => columns.split(',').map((column) => column.trim().split(' ')[0] ?? '');
		const keys = (values: object[]) => [...new Set(values.flatMap((value) => Object.keys(value)))].sort();
		const lines = (await objects()).map(({ line }) => line);
		expect(keys(lines)).toEqual(['events', 'request', 'serverTimestamp']);
		expect(names(table.replace(/<[^]*>/, ''))).toEqual(expect.arrayContaining(['serverTimestamp', 'request']));
		expect(names(request).sort()).toEqual(keys(lines.map((line) => line.request)));
		expect(names(inner).sort()).toEqual(keys(lines.flatMap((line) => line.events)));
	});

	it.skipIf(spawnSync('jq', ['--version']).status !== 0)('counts with jq what the log has', async () => {
		// Each in an object of its own: one of February beside those of January.
		for (const one of everyField()) await commitEvents(database.sql, [one]);
		await ship(1);
		const home = await temporaryFolder();
		await mkdir(join(home, 'data'));
		await symlink(folder, join(home, 'data', 'archive'));
		const { stdout } = await promisify(execFile)('sh', ['-ec', block('sh')], { cwd: home });
		const counted = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/)); // prettier-ignore
		const logged = await database.sql<{ count: string; type: string }[]>`
			select count(*)::text as count, event_type as type from analytics_events
			where shop_domain = 'example.myshopify.com' and server_timestamp >= '2026-01-01T00:00:00Z'
				and server_timestamp < '2026-02-01T00:00:00Z'
			group by 2 order by 2`;
		expect(counted).toEqual(logged.map(({ count, type }) => [count, type]));
	});
});
