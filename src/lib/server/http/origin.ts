/**
 * Which web pages may talk to this server with a browser's own standing: those that came from it. Used for WebSocket
 * handshakes, which no browser restricts by itself, and for the pages' forms.
 */

/**
 * Whether a request comes from a page of another site.
 * @param origin the Origin header; undefined or empty when there is none, and then nothing is foreign
 * @param host the Host header, as the client wrote it
 * @param publicOrigins further origins of this server, as behind a proxy, such as `https://monitor.example.com`
 */
export function isForeign(
	origin: string | undefined | null,
	host: string | undefined | null,
	publicOrigins: readonly string[]
): boolean {
	if (!origin) return false;
	if (publicOrigins.includes(origin)) return false;
	// The scheme is not compared: behind a proxy that ends TLS, the page says https where this server speaks http.
	const match = /^https?:\/\/(.+)$/.exec(origin);
	return !match || !host || match[1]?.toLowerCase() !== host.toLowerCase();
}

/** Whether an address of a peer is this machine's own. */
export function isLoopback(address: string): boolean {
	const plain = address.toLowerCase().replace(/^::ffff:/, '');
	// uWebSockets.js writes IPv6 addresses in full.
	return /^127(\.\d{1,3}){3}$/.test(plain) || plain === '::1' || /^(0{1,4}:){7}0{0,3}1$/.test(plain);
}
