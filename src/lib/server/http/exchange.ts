/**
 * The plain request and answer that both HTTP servers (uWebSockets.js and Node's) and SvelteKit's endpoints translate
 * to and from, so that one function answers behind all of them.
 */

export interface ApiRequest {
	method: string;
	/** Path without the query. */
	path: string;
	/** The query without its question mark. */
	query: string;
	/** A header by its lower-case name. */
	header(name: string): string | undefined;
	/** The body as it came, still encoded. Empty when there was none. */
	body: Uint8Array;
	/** The peer's address. */
	address: string;
}

export interface ApiAnswer {
	status: number;
	headers: Record<string, string>;
	body: string;
}

/** Never throws, never rejects: a fault becomes an answer. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer>;

/** A path that a handler answers for all methods, before SvelteKit sees the request. */
export interface ApiRoute {
	path: string;
	/** Bodies with more bytes than this are not read to their end; the handler is called with `bodyTooLarge`. */
	maxBodyBytes: number;
	handle: ApiHandler;
	/** The answer to a request whose body is larger than `maxBodyBytes`. */
	bodyTooLarge: (request: Omit<ApiRequest, 'body'>) => ApiAnswer;
	/** The answer to an address that sends too often, which nobody reads the body of. */
	tooManyRequests: (waitSeconds: number) => ApiAnswer;
}
