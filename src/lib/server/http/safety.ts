/**
 * What every answer tells a browser about itself, whoever made it: SvelteKit, a route that spares it, a file, a fault. What
 * an answer says by itself is left as it is.
 */
import type { HeaderList, Outgoing } from './connection';

const OF_EVERY_ANSWER: HeaderList = [
	['x-content-type-options', 'nosniff'],
	['referrer-policy', 'same-origin'],
	// Shops' pages load the SDK and send events; those answers say so themselves.
	['cross-origin-resource-policy', 'same-origin']
];
/** A browser that has seen it asks by TLS alone, for a year. */
const OVER_TLS: HeaderList = [['strict-transport-security', 'max-age=31536000']];
/** What is shown as a page and has no policy of its own, such as SvelteKit's last resort, needs its own styles alone. */
const OF_BARE_PAGES =
	"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const SHOWN_AS_PAGE = /^(text\/html|image\/svg\+xml)/;

/** The same way out, with those headers. */
export function withSafety(outgoing: Outgoing, isSecure: boolean): Outgoing {
	return {
		send(status, headers, body) {
			outgoing.send(status, completed(headers, isSecure), body);
		},
		stream: (status, headers, body) => outgoing.stream(status, completed(headers, isSecure), body)
	};
}

function completed(headers: HeaderList, isSecure: boolean): HeaderList {
	const said = new Set<string>();
	let isPage = false;
	for (const [name, value] of headers) {
		said.add(name);
		if (name === 'content-type' && SHOWN_AS_PAGE.test(value)) isPage = true;
	}
	const all = headers.slice();
	for (const header of OF_EVERY_ANSWER) if (!said.has(header[0])) all.push(header);
	if (isSecure) all.push(...OVER_TLS);
	if (isPage && !said.has('content-security-policy')) all.push(['content-security-policy', OF_BARE_PAGES]);
	return all;
}
