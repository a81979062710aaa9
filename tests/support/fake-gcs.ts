/**
 * The storage API as far as the client library uses it, on a port of this machine: uploads in one part and in several,
 * preconditions, checksums, pages. It fails as the real one does, at random by a seed or where a test says so.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { CRC32C } from '@google-cloud/storage';
import type { GoogleCredentials } from '../../src/lib/server/archive/location';

/** What can go wrong with a request. */
export type Fault =
	/** 503, and nothing done. */
	| 'unavailable'
	/** 429 with Retry-After. */
	| 'limited'
	/** The connection is cut before anything is done, */
	| 'cut'
	/** or when all is done and nothing answered. */
	| 'cut after'
	/** Answered late. */
	| 'slow'
	/** Half of the body that was promised. */
	| 'truncated'
	/** Another byte than was stored. */
	| 'flipped';

export interface Stored {
	body: Buffer;
	generation: number;
	contentType: string;
	md5: string;
	crc32c: string;
}

export interface FakeBucket {
	/** For ARCHIVE_ENDPOINT. */
	endpoint: string;
	/** By name. */
	objects: Map<string, Stored>;
	/** How often bytes were written under a name. */
	writes: Map<string, number>;
	/** Decides what goes wrong with the next requests; null for nothing. */
	fail: (request: { method: string; name: string | null; upload: boolean }) => Fault | null;
	/** Away: every connection is cut. */
	away: boolean;
	/** Objects on a page of a list at most. */
	page: number;
	/** What requests must carry as a token; null lets all in. */
	token: string | null;
	/** Credentials that get this token here. */
	credentials: GoogleCredentials;
	requests: string[];
	close(): Promise<void>;
}

const SLOW_MS = 150;

export async function startFakeBucket(bucket = 'events'): Promise<FakeBucket> {
	let generations = Date.now() * 1000;
	/** Uploads that have begun and whose bytes are yet to come. */
	const sessions = new Map<string, { name: string; meta: Meta; match: string | null }>();
	const server = createServer((request, response) => {
		void answer(request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('a server on a port has no port');
	const endpoint = `http://127.0.0.1:${address.port}`;

	const fake: FakeBucket = {
		endpoint,
		objects: new Map(),
		writes: new Map(),
		fail: () => null,
		away: false,
		page: 1000,
		token: null,
		credentials: credentialsOf(endpoint),
		requests: [],
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		}
	};

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url ?? '/', endpoint);
		const method = request.method ?? 'GET';
		fake.requests.push(`${method} ${url.pathname}`);
		if (fake.away) return void request.socket.destroy();
		const sent = await buffer(request);
		if (url.pathname === '/token') {
			json(response, 200, {
				access_token: 'right',
				token_type: 'Bearer',
				expires_in: 3600,
				issued_token_type: 'x'
			});
			return;
		}
		const name = objectIn(url, bucket);
		const fault = fake.fail({ method, name, upload: url.pathname.startsWith('/upload/') });
		if (fault === 'cut') return void request.socket.destroy();
		if (fault === 'unavailable') {
			refuse(response, 503, 'backendError');
			return;
		}
		if (fault === 'limited') {
			response.setHeader('retry-after', '1');
			refuse(response, 429, 'rateLimitExceeded');
			return;
		}
		if (fake.token !== null && request.headers.authorization !== `Bearer ${fake.token}`) {
			refuse(response, 401, 'authError', 'Invalid Credentials');
			return;
		}
		const reply = url.pathname.startsWith('/upload/') ? upload(url, request, sent) : serve(url, method, name);
		if (fault === 'cut after') return void request.socket.destroy();
		if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
		for (const [key, value] of Object.entries(reply.headers ?? {})) response.setHeader(key, value);
		if (reply.media === undefined) {
			json(response, reply.status, reply.body);
			return;
		}
		sendMedia(response, reply.media, fault);
	}

	function upload(url: URL, request: IncomingMessage, sent: Buffer): Reply {
		const match = url.searchParams.get('ifGenerationMatch');
		const kind = url.searchParams.get('uploadType');
		if (kind === 'multipart') {
			const { meta, body } = multipart(request.headers['content-type'] ?? '', sent);
			return store(url.searchParams.get('name') ?? meta.name ?? '', meta, body, match);
		}
		const session = url.searchParams.get('upload_id');
		if (kind === 'resumable' && session === null) {
			const meta = JSON.parse(sent.toString() || '{}') as Meta;
			const id = randomUUID();
			sessions.set(id, { name: url.searchParams.get('name') ?? meta.name ?? '', meta, match });
			url.searchParams.set('upload_id', id);
			return { status: 200, body: {}, headers: { location: url.href } };
		}
		const begun = sessions.get(session ?? '');
		if (!begun) return error(400, 'invalid');
		sessions.delete(session ?? '');
		return store(begun.name, begun.meta, sent, begun.match);
	}

	function store(name: string, meta: Meta, body: Buffer, match: string | null): Reply {
		const there = fake.objects.get(name);
		if (match !== null && Number(match) !== (there?.generation ?? 0)) return error(412, 'conditionNotMet');
		const md5 = createHash('md5').update(body).digest('base64');
		if (meta.md5Hash !== undefined && meta.md5Hash !== md5) return error(400, 'invalid');
		const stored = { body, generation: ++generations, contentType: meta.contentType ?? '', md5, crc32c: crc32c(body) };
		fake.objects.set(name, stored);
		fake.writes.set(name, (fake.writes.get(name) ?? 0) + 1);
		return { status: 200, body: described(name, stored) };
	}

	function serve(url: URL, method: string, name: string | null): Reply {
		if (name === null) return list(url);
		const there = fake.objects.get(name);
		if (!there) return error(404, 'notFound');
		if (method === 'DELETE') {
			const match = url.searchParams.get('ifGenerationMatch');
			if (match !== null && Number(match) !== there.generation) return error(412, 'conditionNotMet');
			fake.objects.delete(name);
			return { status: 204, body: undefined };
		}
		if (url.searchParams.get('alt') !== 'media') return { status: 200, body: described(name, there) };
		return {
			status: 200,
			body: undefined,
			media: there.body,
			headers: {
				'content-type': there.contentType,
				'x-goog-generation': String(there.generation),
				'x-goog-hash': `crc32c=${there.crc32c},md5=${there.md5}`,
				'x-goog-stored-content-encoding': 'identity'
			}
		};
	}

	function list(url: URL): Reply {
		const { prefix = '', startOffset = '', endOffset, pageToken = '' } = Object.fromEntries(url.searchParams);
		const names = [...fake.objects.keys()]
			.filter((name) => name.startsWith(prefix) && name >= startOffset && name > pageToken)
			.filter((name) => endOffset === undefined || name < endOffset)
			.sort();
		const page = names.slice(0, Math.min(fake.page, Number(url.searchParams.get('maxResults') ?? fake.page)));
		const items = page.map((name) => ({ name, size: String(fake.objects.get(name)?.body.length) }));
		return { status: 200, body: { items, ...(page.length < names.length ? { nextPageToken: page.at(-1) } : {}) } };
	}

	return fake;
}

/** Faults with this share of the requests, the same for the same seed. */
export function randomFaults(seed: number, share: number, faults: readonly Fault[]): FakeBucket['fail'] {
	let state = seed;
	const random = () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
	return () => (random() < share ? (faults[Math.floor(random() * faults.length)] ?? null) : null);
}

interface Meta {
	name?: string;
	contentType?: string;
	md5Hash?: string;
}

interface Reply {
	status: number;
	body: unknown;
	headers?: Record<string, string>;
	media?: Buffer;
}

/** The object that a path names; null for the bucket. */
function objectIn(url: URL, bucket: string): string | null {
	const path = `/storage/v1/b/${bucket}/o/`;
	return url.pathname.startsWith(path) ? decodeURIComponent(url.pathname.slice(path.length)) : null;
}

function multipart(type: string, sent: Buffer): { meta: Meta; body: Buffer } {
	const boundary = /boundary="?([^";]+)/.exec(type)?.[1] ?? '';
	const parts: Buffer[] = [];
	const mark = Buffer.from(`--${boundary}`);
	for (let from = sent.indexOf(mark); ;) {
		const to = sent.indexOf(mark, from + mark.length);
		if (to < 0) break;
		const part = sent.subarray(from + mark.length, to);
		const begin = part.indexOf('\r\n\r\n') + 4;
		parts.push(part.subarray(begin, part.length - 2));
		from = to;
	}
	const [meta, body] = parts;
	if (!meta || !body) throw new Error('an upload without its two parts');
	return { meta: JSON.parse(meta.toString()) as Meta, body };
}

function described(name: string, { body, generation, contentType, md5, crc32c }: Stored): object {
	return { name, generation: String(generation), size: String(body.length), contentType, md5Hash: md5, crc32c };
}

function crc32c(body: Buffer): string {
	const sum = new CRC32C();
	sum.update(body);
	return sum.toString();
}

function error(code: number, reason: string, message = reason): Reply {
	return { status: code, body: { error: { code, message, errors: [{ reason, message }] } } };
}

function refuse(response: ServerResponse, code: number, reason: string, message = reason): void {
	json(response, code, error(code, reason, message).body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
	response.writeHead(status, { 'content-type': 'application/json' });
	response.end(body === undefined ? undefined : JSON.stringify(body));
}

function sendMedia(response: ServerResponse, body: Buffer, fault: Fault | null): void {
	response.setHeader('content-length', body.length);
	response.writeHead(200);
	if (fault === 'truncated') {
		response.write(body.subarray(0, body.length >> 1), () => response.destroy());
		return;
	}
	const sent = Buffer.from(body);
	if (fault === 'flipped' && sent.length > 0) sent[0] = (sent[0] ?? 0) ^ 1;
	response.end(sent);
}

/** Of a workload outside of Google's cloud: the only kind that says itself where its token comes from. */
function credentialsOf(endpoint: string): GoogleCredentials {
	const credentials = {
		type: 'external_account',
		audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tests/providers/tests',
		subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
		token_url: `${endpoint}/token`,
		credential_source: { file: 'package.json' }
	};
	return credentials;
}
