/**
 * How often each may ask, so that nobody takes the server away from the others. Programs of this very machine are not
 * limited (benchmarks, the simulator), unless a proxy of the machine asks for somebody. IPv6 addresses count by their
 * network of 64 bits: whoever has one address has them all.
 */
import { isIPv6 } from 'node:net';
import { isLoopback } from '../http/origin';
import { isProxied } from './asking';
import { Buckets, type BucketOptions } from './buckets';
import type { Visitor } from './visitor';

/** Seconds of its rate that an address, or a key, may send at once. */
const BURST_SECONDS = 10;

/** All that an address asks for of pages and the API, before anything is looked up: an office behind one address is many. */
const OF_ADDRESS = { perSecond: 100, burst: 2_000 };
/** Of a login, a display or a token. A page that is opened asks a few times; the search asks with each key. */
const OF_VISITOR = { perSecond: 20, burst: 400 };
/** Of who is nobody, by address: there is not much to see. */
const OF_NOBODY = { perSecond: 10, burst: 200 };
/** WebSocket handshakes by address: after a restart all walls come at once. */
const OF_SOCKETS = { perSecond: 20, burst: 1_000 };

/** Who asks. */
export interface Asker {
	/** Of the client. */
	address: string;
	headers: { get(name: string): string | null };
}

/** Limits requests by address. */
export class AddressLimit {
	readonly #buckets: Buckets;

	constructor(options: BucketOptions) {
		this.#buckets = new Buckets(options);
	}

	/** One request. @returns 0 when it may go on, else the seconds until it is worth trying again */
	take(asker: Asker): number {
		return isOfTheMachine(asker) ? 0 : this.#buckets.take(networkOf(asker.address));
	}
}

/** A program of this machine, that does not ask for somebody else. */
function isOfTheMachine({ address, headers }: Asker): boolean {
	return isLoopback(address) && !isProxied(headers);
}

/** Of the event endpoint. @param perSecond requests of one address; 0: as many as come */
export function ingestLimit(perSecond: number): Pick<AddressLimit, 'take'> {
	if (perSecond === 0) return { take: () => 0 };
	return new AddressLimit({ perSecond, burst: perSecond * BURST_SECONDS });
}

/** Limits requests by the write key that vouches for them, from wherever they come. */
export interface KeyLimit {
	/** One request. @returns 0 when it may go on, else the seconds until it is worth trying again */
	take(keyId: string, asker: Asker): number;
}

/** Of the event endpoint. @param perSecond requests of one key; 0: as many as come */
export function keyLimit(perSecond: number): KeyLimit {
	if (perSecond === 0) return { take: () => 0 };
	const buckets = new Buckets({ perSecond, burst: perSecond * BURST_SECONDS });
	return { take: (keyId, asker) => (isOfTheMachine(asker) ? 0 : buckets.take(keyId)) };
}

/** Of WebSocket handshakes. */
export function socketLimit(): Pick<AddressLimit, 'take'> {
	return new AddressLimit(OF_SOCKETS);
}

/** Of pages and the API. */
export class PageLimits {
	readonly #ofAddress = new AddressLimit(OF_ADDRESS);
	readonly #ofNobody = new AddressLimit(OF_NOBODY);
	readonly #ofVisitor = new Buckets(OF_VISITOR);

	/** One request of whom nobody has looked up yet. @returns 0, or the seconds to wait */
	atTheDoor(asker: Asker): number {
		return this.#ofAddress.take(asker);
	}

	/** The same request, once it is known who asks. @returns 0, or the seconds to wait */
	of({ kind, login, id }: Visitor, asker: Asker): number {
		if (kind === 'open') return 0;
		if (kind === 'nobody') return this.#ofNobody.take(asker);
		if (isOfTheMachine(asker)) return 0;
		return this.#ofVisitor.take(`${kind} ${login ?? id ?? ''}`);
	}
}

/** What counts as one sender: an IPv4 address, or the first half of an IPv6 address. */
export function networkOf(address: string): string {
	if (!isIPv6(address)) return address;
	const [left = '', right] = address.split('::');
	const before = left === '' ? [] : left.split(':');
	const after = right === undefined || right === '' ? [] : right.split(':');
	// Only the left side counts, but how many zeros "::" stands for depends on both.
	const missing = right === undefined ? 0 : 8 - before.length - after.length;
	const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
	return groups
		.slice(0, 4)
		.map((group) => Number.parseInt(group, 16).toString(16))
		.join(':');
}
