/**
 * Who may call an operation, for the document: from the policy that decides it, so that the two never differ. Also the
 * answers that all operations behind it have in common: who are you, not for you, too often.
 */
import { ruleOf, POLICY } from '../access/policy';
import { failures, UNCACHED } from './answers';
import type { Answer, Operation } from './operation';

/** What a request may bring, each by its name in `SCHEMES`; a token's with its scopes. One of them is enough. */
export type Security = Record<string, string[]>[];

export const SCHEMES = {
	token: {
		type: 'http',
		scheme: 'bearer',
		description:
			'An API token. Its scopes: `read` (rows and sums), `metrics` (how the system is), `backfill` (bringing events back), `erase` (forgetting). It may be limited to some shops.'
	},
	login: {
		type: 'apiKey',
		in: 'cookie',
		name: 'login',
		description: 'Whoever is logged in on the pages; over TLS the cookie is `__Host-login`.'
	},
	writeKey: {
		type: 'apiKey',
		in: 'header',
		name: 'X-Control-Room-Key',
		description: 'The write key of a browser. A batch may have it as its member `key` instead, as beacons must.'
	},
	writeKeyInQuery: { type: 'apiKey', in: 'query', name: 'key', description: 'The same.' },
	signature: {
		type: 'apiKey',
		in: 'header',
		name: 'X-Control-Room-Signature',
		description:
			'Of a server: `t=<seconds since 1970>,id=<its key>,v1=<hex>`, where hex is the HMAC-SHA256 of `<t>.<body as sent>` with the key’s secret. It holds for five minutes, and never comes with an `Origin`.'
	}
} as const;

/** What an operation asks for; nothing where it is open to everybody. */
export function securityOf({ path, method, isKeyed }: Operation): Security {
	if (isKeyed) return [{}, { writeKey: [] }, { writeKeyInQuery: [] }, { signature: [] }];
	const rule = ruleOfPath(path, method);
	if (rule === null || rule.right === 'public') return [];
	return [...(rule.scope === undefined ? [] : [{ token: [rule.scope] }]), { login: [] }];
}

/** The answers that an operation gives before it is reached, beside its own. */
export function refusalsOf({ path, method }: Operation): Record<number, Answer> {
	const rule = ruleOfPath(path, method);
	if (rule === null || path === EVENTS) return {};
	if (rule.right === 'public') return failures(['rate_limited'], UNCACHED);
	return failures(['unauthorized', 'forbidden', 'rate_limited'], UNCACHED);
}

/** Answered before the pages and their limits; what it asks for it says itself. */
const EVENTS = '/api/analytics/events';

/** Null of what is no route of the pages. */
function ruleOfPath(path: string, method: string) {
	const route = path.replaceAll('{', '[').replaceAll('}', ']');
	return route in POLICY ? ruleOf(route, method.toUpperCase()) : null;
}
