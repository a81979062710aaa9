/** Lines to paste, for a key or token that was just made. */

export interface Made {
	/** What it is, as the page names it. */
	what: string;
	/** Of this server. */
	origin: string;
	/** Null of a token, which needs none. */
	id: string | null;
	secret: string;
	kind: 'browser' | 'server' | 'token';
	/** Null: all. */
	shop: string | null;
}

/** Where to use it, and the lines. */
export function snippet({ origin, id, secret, kind, shop }: Made): { where: string; lines: string } {
	const domain = shop ?? 'example.myshopify.com';
	switch (kind) {
		case 'browser':
			return {
				where: 'In the shop’s pages:',
				lines: [
					`<script src="${origin}/sdk/v1/control-room.js"></script>`,
					'<script>',
					`	const client = ControlRoom.createClient({ shopDomain: ${inScript(domain)}, key: '${secret}' });`,
					'</script>'
				].join('\n')
			};
		case 'server':
			return {
				where: 'On the server, which signs each request; never in a page:',
				lines: [
					`body='[{"type":"custom","shopDomain":${inShell(domain)},"data":{}}]'`,
					't=$(date +%s)',
					`v1=$(printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac '${secret}' | sed 's/.*= //')`,
					`curl -sS ${origin}/api/analytics/events -H 'content-type: application/json' \\`,
					`  -H "x-control-room-signature: t=$t,id=${id ?? ''},v1=$v1" --data-binary "$body"`
				].join('\n')
			};
		case 'token':
			return {
				where: 'For programs that read or steer:',
				lines: `curl -sS ${origin}/api/v1/sessions -H 'authorization: Bearer ${secret}'`
			};
	}
}

/** A string of JavaScript that cannot end its script tag. */
function inScript(text: string): string {
	return JSON.stringify(text).replaceAll('<', '\\u003c');
}

/** JSON inside single quotes of a shell. */
function inShell(text: string): string {
	return JSON.stringify(text).replaceAll("'", String.raw`\u0027`);
}
