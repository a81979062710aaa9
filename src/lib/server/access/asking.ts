/** What a request, or the handshake of a socket, says of who it comes from: the same for both, before anything is looked up. */
import { isForeign, isLoopback } from '../http/origin';

export interface Asking {
	headers: Pick<Headers, 'get'>;
	cookie: (name: string) => string | undefined;
	/** Of the client (see http/client.ts). */
	address: string;
	/** Whether it came by TLS, as far as a trusted proxy says. */
	isSecure: boolean;
}

/** How others can reach the server. */
export interface Reach {
	/** Whether the server listens on this machine's own address alone. */
	listensHereAlone: boolean;
	/** Further origins of the pages. */
	publicOrigins: readonly string[];
	/** Addresses and networks of proxies that may say for whom they ask. */
	trustedProxies: readonly string[];
}

/** Headers by which proxies tell on themselves. */
const PROXIED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Whether a proxy has passed it on. */
export function isProxied(headers: { get(name: string): string | null }): boolean {
	return PROXIED.some((name) => headers.get(name) !== null);
}

/** Whether only programs of this machine reach the server, and not for others. */
export function isHereAlone(reach: Reach): boolean {
	return reach.listensHereAlone && reach.publicOrigins.length === 0 && reach.trustedProxies.length === 0;
}

/** Whether it comes from this very machine, from a page or program that calls the machine by its own name. */
export function isAtTheMachine({ headers, address }: Pick<Asking, 'headers' | 'address'>, reach: Reach): boolean {
	if (!isHereAlone(reach) || !isLoopback(address)) return false;
	if (isProxied(headers)) return false;
	// Another name for 127.0.0.1 is how a page of another site gets around a browser's sense of origin.
	const host = headers.get('host') ?? '';
	const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
	return name === 'localhost' || isLoopback(name);
}

/**
 * The token that a request brings. No browser adds one to what another site's page sends; of the name and password of a
 * proxy's own, which come by the same header, a browser adds them to everything.
 */
export function bearerOf({ headers }: Pick<Asking, 'headers'>): string | undefined {
	return /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
}

/** Whether a page of another site made the browser send it. */
export function isFromElsewhere(
	{ headers }: Pick<Asking, 'headers'>,
	{ publicOrigins }: Pick<Reach, 'publicOrigins'>
): boolean {
	const site = headers.get('sec-fetch-site');
	const origin = headers.get('origin');
	if (site !== null && site !== 'same-origin' && site !== 'none' && !publicOrigins.includes(origin ?? '')) return true;
	return isForeign(origin, headers.get('host'), publicOrigins);
}

const COOKIES = { login: 'login', display: 'display' } as const;

/**
 * The name of a cookie. Over TLS it has the prefix that keeps other hosts of the domain from setting it; without TLS a
 * browser would not take that, and a cookie of the one kind is worth nothing in the other.
 */
export function cookieName(kind: keyof typeof COOKIES, isSecure: boolean): string {
	return isSecure ? `__Host-${COOKIES[kind]}` : COOKIES[kind];
}

/** How such a cookie is set. @param maxAge seconds */
export function cookieOptions(isSecure: boolean, maxAge: number) {
	return { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure, maxAge } as const;
}
