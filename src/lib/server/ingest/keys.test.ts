import { createHmac, hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyring } from '../../../../tests/support/keyring';
import { keyOf, TOLERANCE_SECONDS, voucherOf, type Proof, type WriteKey } from './keys';

const NOW = Date.UTC(2026, 0, 9, 11);
const SECRET = 'the secret of a server';

function key(id: string, secret: string, change: Partial<WriteKey> = {}): WriteKey {
	const kind = change.kind ?? 'browser';
	return {
		id,
		shop: null,
		kind,
		tokenHash: hash('sha256', secret, 'hex'),
		secret: kind === 'server' ? secret : null,
		origins: [],
		expiresAt: null,
		...change
	};
}

const KEYS = [
	key('b1', 'seen by all'),
	key('b2', 'of one origin', { origins: ['https://shop.example', 'https://www.shop.example'] }),
	key('b3', 'the older one', { expiresAt: NOW + 1000 }),
	key('s1', SECRET, { kind: 'server' }),
	key('s2', 'the next secret of a server', { kind: 'server' })
];

function proof(headers: Record<string, string> = {}, change: Partial<Proof> = {}): Proof {
	return { header: (name) => headers[name], query: '', member: null, body: Buffer.from('{"events":[]}'), ...change };
}

function signed(body: string, { id = 's1', secret = SECRET, at = NOW / 1000 } = {}): Record<string, string> {
	const v1 = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
	return { 'x-control-room-signature': `t=${at},id=${id},v1=${v1}` };
}

/** The id of the key that vouches, or the code of the fault. */
function judged(of: Proof, now = NOW): string {
	const judged = keyOf(of, keyring('require', KEYS), now);
	return 'code' in judged ? judged.code : judged.id;
}

describe('a browser’s key', () => {
	it('comes in the header, in the query or in the batch, in this order', () => {
		expect(judged(proof({ 'x-control-room-key': 'seen by all' }))).toBe('b1');
		expect(judged(proof({}, { query: 'a=1&key=seen%20by%20all' }))).toBe('b1');
		expect(judged(proof({}, { member: 'seen by all' }))).toBe('b1');
		expect(judged(proof({ 'x-control-room-key': 'wrong' }, { query: 'key=seen+by+all' }))).toBe('invalid_key');
	});

	it('is asked for where there is none, and refused where it is unknown', () => {
		expect(judged(proof())).toBe('key_required');
		expect(judged(proof({}, { query: 'other=1', member: { key: 'seen by all' } }))).toBe('key_required');
		expect(judged(proof({}, { member: '' }))).toBe('invalid_key');
		expect(judged(proof({ 'x-control-room-key': 'b1' }))).toBe('invalid_key');
	});

	it('holds for pages of its origins alone, where it has some', () => {
		const from = (origin?: string) =>
			judged(proof({ 'x-control-room-key': 'of one origin', ...(origin !== undefined && { origin }) }));
		expect(from('https://shop.example')).toBe('b2');
		expect(from('https://www.shop.example')).toBe('b2');
		expect(from('http://shop.example')).toBe('invalid_key');
		expect(from('https://shop.example.evil.example')).toBe('invalid_key');
		expect(from('null')).toBe('invalid_key');
		expect(from()).toBe('invalid_key');
		expect(judged(proof({ 'x-control-room-key': 'seen by all', origin: 'https://anywhere.example' }))).toBe('b1');
	});

	it('holds until it expires', () => {
		const older = proof({ 'x-control-room-key': 'the older one' });
		expect(judged(older, NOW + 999)).toBe('b3');
		expect(judged(older, NOW + 1000)).toBe('invalid_key');
	});

	it('is none when it is the secret of a server, which was in a browser then', () => {
		const ring = keyring('require', KEYS);
		expect(keyOf(proof({ 'x-control-room-key': SECRET }), ring, NOW)).toMatchObject({ code: 'invalid_key' });
		expect(ring.leaks).toEqual(['s1']);
		expect(ring.uses).toEqual([]);
	});
});

describe('a server’s signature', () => {
	const body = '{"events":[]}';

	it('vouches for just this body and this time', () => {
		expect(judged(proof(signed(body)))).toBe('s1');
		expect(judged(proof(signed(`${body} `)))).toBe('invalid_key');
		const header = signed(body)['x-control-room-signature'] ?? '';
		expect(
			judged(proof({ 'x-control-room-signature': header.replace(`t=${NOW / 1000}`, `t=${NOW / 1000 + 1}`) }))
		).toBe('invalid_key');
		const bytes = Buffer.from([0x1f, 0x8b, 0xff, 0x00]);
		const v1 = createHmac('sha256', SECRET)
			.update(`${NOW / 1000}.`)
			.update(bytes)
			.digest('hex');
		const zipped = proof({ 'x-control-room-signature': `t=${NOW / 1000},id=s1,v1=${v1}` }, { body: bytes });
		expect(judged(zipped)).toBe('s1');
	});

	it('is five minutes old at most, and no more than that ahead', () => {
		for (const [seconds, verdict] of [
			[-TOLERANCE_SECONDS, 's1'],
			[TOLERANCE_SECONDS, 's1'],
			[-TOLERANCE_SECONDS - 1, 'invalid_key'],
			[TOLERANCE_SECONDS + 1, 'invalid_key']
		] as const) {
			expect(judged(proof(signed(body, { at: NOW / 1000 + seconds })))).toBe(verdict);
		}
	});

	it('is of the key that it names: while one takes the place of another, both hold', () => {
		expect(judged(proof(signed(body, { id: 's2', secret: 'the next secret of a server' })))).toBe('s2');
		expect(judged(proof(signed(body, { id: 's2' })))).toBe('invalid_key');
		expect(judged(proof(signed(body, { id: 's3' })))).toBe('invalid_key');
		expect(judged(proof(signed(body, { id: 'b1', secret: 'seen by all' })))).toBe('invalid_key');
	});

	it('is none when a browser sends it', () => {
		const ring = keyring('require', KEYS);
		const sent = proof({ ...signed(body), origin: 'https://shop.example' });
		expect(keyOf(sent, ring, NOW)).toMatchObject({ code: 'invalid_key' });
		expect(ring.leaks).toEqual(['s1']);
	});

	it('decides alone: no key beside it makes up for a wrong one', () => {
		expect(judged(proof({ ...signed('another'), 'x-control-room-key': 'seen by all' }))).toBe('invalid_key');
	});

	it.each(['', 't=1', 't=1,id=s1,v1=', `t=1,id=s1,v1=${'0'.repeat(63)}`, `t=x,id=s1,v1=${'0'.repeat(64)}`, '\0'])(
		'is none when it is written as %j',
		(header) => {
			expect(judged(proof({ 'x-control-room-signature': header }))).toBe('invalid_key');
		}
	);
});

describe('a key of one shop', () => {
	const signing = { key: { id: 'k', shop: 'a.example' }, isRequired: false };

	it('vouches for the shop’s events, and for those that name none', () => {
		expect(['a.example', '', null].map((shop) => voucherOf(signing, shop))).toEqual(['k', 'k', 'k']);
		expect(['b.example', 'A.example', 'a.example '].map((shop) => voucherOf(signing, shop))).toEqual([
			null,
			null,
			null
		]);
	});

	it('is unlike one of all shops, and unlike none', () => {
		expect(voucherOf({ ...signing, key: { id: 'k', shop: null } }, 'b.example')).toBe('k');
		expect(voucherOf({ ...signing, key: null }, 'a.example')).toBeNull();
	});
});
