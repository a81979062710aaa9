/**
 * Whether a write key vouches for a request. Nothing here waits: the keys are in memory, and what decides is the request
 * alone. A browser's key is seen by whoever looks at the page, so it says where events come from and no more. A server
 * signs, and its secret leaves it never: one that comes as a browser's key, or with an Origin, was in a browser, and holds
 * for nothing.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Fault } from './body';

/** A write key that was not revoked. */
export interface WriteKey {
	id: string;
	/** The shop for which alone it vouches; null: all. */
	shop: string | null;
	kind: 'browser' | 'server';
	/** SHA-256 of its secret, in hex. */
	tokenHash: string;
	/** What a server's key signs with. */
	secret: string | null;
	/** Where browsers may use it; none: everywhere. */
	origins: readonly string[];
	/** Milliseconds since 1970. */
	expiresAt: number | null;
}

/** All keys, as they were known a moment ago. */
export interface Keyring {
	/** What becomes of events for which no key vouches. Null while nobody has ever made a key: then nobody asks for one. */
	mode(): 'mark' | 'require' | null;
	byId(id: string): WriteKey | undefined;
	byHash(tokenHash: string): WriteKey | undefined;
	/** Takes note of a use, without making anybody wait. */
	used(key: WriteKey): void;
	/** Takes note that the secret of a server's key was in a browser. */
	leaked(key: WriteKey): void;
	/** One request that this key vouches for. @returns 0 when it may go on, else the seconds until it is worth sending again */
	take(key: Pick<WriteKey, 'id'>, sender: Sender): number;
}

/** Who sends a request. */
export interface Sender {
	/** Of the client. */
	address: string;
	header(name: string): string | undefined;
}

/** What a request brings for its key. */
export interface Proof {
	header(name: string): string | undefined;
	/** The query without its question mark. */
	query: string;
	/** The batch's own member `key`. */
	member: unknown;
	/** As it was sent: what is signed. */
	body: Uint8Array;
}

export const KEY_HEADER = 'x-control-room-key';
const SIGNATURE_HEADER = 'x-control-room-signature';
/** How far the clock of a server that signs may be from ours. */
export const TOLERANCE_SECONDS = 300;

const SIGNATURE = /^t=(\d{1,12}), ?id=([\w-]{1,64}), ?v1=([0-9a-f]{64})$/;

/** The key that vouches for a request, or why none does. @param now milliseconds since 1970 */
export function keyOf(proof: Proof, keyring: Keyring, now: number): WriteKey | Fault {
	const signature = proof.header(SIGNATURE_HEADER);
	const secret =
		proof.header(KEY_HEADER) ??
		(proof.query === '' ? null : new URLSearchParams(proof.query).get('key')) ??
		(typeof proof.member === 'string' ? proof.member : null);
	const origin = proof.header('origin');
	if (signature === undefined && secret === null) {
		return { code: 'key_required', message: 'Events are taken with a write key alone. Send one, or sign the request.' };
	}
	const key =
		signature === undefined
			? browserKey(secret ?? '', origin, keyring)
			: serverKey(signature, proof.body, origin, keyring, now);
	if (typeof key === 'string') return { code: 'invalid_key', message: key };
	if (key.expiresAt !== null && key.expiresAt <= now) return { code: 'invalid_key', message: 'The key has expired.' };
	keyring.used(key);
	return key;
}

function browserKey(secret: string, origin: string | undefined, keyring: Keyring): WriteKey | string {
	const key = keyring.byHash(hash('sha256', secret, 'hex'));
	if (!key) return 'There is no such key, or it was revoked.';
	if (key.kind === 'server') {
		keyring.leaked(key);
		return 'This is the secret of a server: it signs, and must not be sent. Make a new one.';
	}
	if (key.origins.length > 0 && !key.origins.includes(origin ?? '')) {
		return 'The key is not for pages of this origin.';
	}
	return key;
}

function serverKey(
	header: string,
	body: Uint8Array,
	origin: string | undefined,
	keyring: Keyring,
	now: number
): WriteKey | string {
	const [, time = '', id = '', sent = ''] = SIGNATURE.exec(header) ?? [];
	const key = keyring.byId(id);
	if (key?.kind !== 'server' || key.secret === null) {
		return 'The signature is not one of a key that holds: send "t=<seconds>,id=<key>,v1=<hex>".';
	}
	if (!timingSafeEqual(Buffer.from(sent, 'hex'), signatureOf(key.secret, time, body))) {
		return 'The signature is not of this body and this time, or was made with another secret.';
	}
	if (origin !== undefined) {
		keyring.leaked(key);
		return 'A page of a browser signed this: the secret of a server must not be in one. Make a new one.';
	}
	if (Math.abs(now / 1000 - Number(time)) > TOLERANCE_SECONDS) {
		return 'The time of the signature is more than five minutes from the server’s clock.';
	}
	return key;
}

function signatureOf(secret: string, time: string, body: Uint8Array): Buffer {
	return createHmac('sha256', secret).update(`${time}.`).update(body).digest();
}

/** For whom a key vouches: what the events of one batch are read with. */
export interface Signing {
	/** Null: no key vouches. */
	key: Pick<WriteKey, 'id' | 'shop'> | null;
	/** Whether other events are refused; else they are stored without a key. */
	isRequired: boolean;
}

/** Why an event is refused that a key does not vouch for. */
export const OTHER_SHOP = 'the write key is of another shop';

/**
 * The key that vouches for an event of this shop; null when none does. A key of one shop vouches for its events that name
 * no shop too: they say nothing of another one.
 */
export function voucherOf({ key }: Signing, shop: string | null): string | null {
	if (key === null) return null;
	return key.shop === null || shop === null || shop === '' || shop === key.shop ? key.id : null;
}
