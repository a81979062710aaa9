/**
 * One request and its answer, as both servers (uWebSockets.js and Node's http) give them to the router. What a server
 * can't do without is here and nothing more, so that the two behave alike.
 */

/** Names and values in order; a name may come more than once (set-cookie). */
export type HeaderList = [name: string, value: string][];

/** A request's body, or why there is none. */
export type Body = { kind: 'whole'; bytes: Uint8Array } | { kind: 'too_large' } | { kind: 'aborted' };

export interface Incoming {
	/** In upper case. */
	readonly method: string;
	/** The path as it came, neither decoded nor normalised, without the query. */
	readonly path: string;
	/** The query without its question mark. */
	readonly query: string;
	/** By lower-case name. */
	readonly headers: Readonly<Record<string, string | undefined>>;
	/** The peer's address. */
	readonly address: string;
	/** Aborted when the client goes away before it has its answer. */
	readonly signal: AbortSignal;
	/**
	 * The whole body, as long as it has at most `maxBytes`. To be called in the turn of the event loop in which the
	 * request came: uWebSockets.js throws away what nobody has asked for by then.
	 */
	readBody(maxBytes: number): Promise<Body>;
}

/** Both do nothing when the client has gone. To a HEAD request they send the headers alone. */
export interface Outgoing {
	/** Sends a whole answer with its length. */
	send(status: number, headers: HeaderList, body: string | Uint8Array): void;
	/** Sends an answer as it comes, no faster than the client takes it; settles at its end, whatever end that is. */
	stream(status: number, headers: HeaderList, body: ReadableStream<Uint8Array>): Promise<void>;
}

export type Answer = (incoming: Incoming, outgoing: Outgoing) => Promise<void>;

/** Statuses whose answers have no body, and no length either. */
export function isBodiless(status: number): boolean {
	return status === 204 || status === 304;
}

/** What a request's content-length says, in bytes; 0 where it says nothing that is a number. */
export function declaredLength(headers: Incoming['headers']): number {
	const length = Number(headers['content-length'] ?? 0);
	return Number.isFinite(length) ? length : 0;
}

/**
 * Whether a proxy before this server could see another end of the body than this server, which takes the first of two
 * lengths, or any encoding for "chunked": what follows would be a request that the proxy knows nothing of.
 */
export function isAmbiguous(headers: Incoming['headers']): boolean {
	const encoding = headers['transfer-encoding'];
	if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return true;
	return headers['content-length']?.includes(',') === true;
}
