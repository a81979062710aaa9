/**
 * What every route of SvelteKit asks for, by its id. A route that is not here is answered to administrators alone, and a
 * test fails. `read` is GET, HEAD and OPTIONS; `write` is all else: forms, and the commands of the API.
 *
 * Who sees some shops alone is answered only by what keeps to them: by what read the address with pageQuery or answer,
 * which limit it, or by a route that says here why it needs no such limit.
 */
import type { Right, Rule, Visitor } from './visitor';

/** Why a route keeps to a visitor's shops without reading the address: it looks at the visitor itself, or nothing in it is of a shop. */
type Keeps = 'looks at the visitor' | 'has nothing of a shop';

interface Rules {
	read: Rule;
	write: Rule;
	keeps?: Keeps;
}

const STRICTEST: Rule = { right: 'administer' };

/** A page whose forms ask for more than looking at it. */
function page(read: Right, write: Right = 'administer', keeps?: Keeps): Rules {
	return { read: { right: read }, write: { right: write }, ...(keeps && { keeps }) };
}

/** Rows and sums, for people and for tokens. Writing answers 405 to whoever may read. */
function data(right: Right = 'view', keeps?: Keeps): Rules {
	const rule: Rule = { right, scope: 'read' };
	return { read: rule, write: rule, ...(keeps && { keeps }) };
}

const backfill: Rules = {
	read: { right: 'operate', scope: 'backfill' },
	write: { right: 'operate', scope: 'backfill' }
};
const erase: Rules = { read: { right: 'administer', scope: 'erase' }, write: { right: 'administer', scope: 'erase' } };
const metrics: Rule = { right: 'view all', scope: 'metrics' };
/** Whoever signs their requests, or has nothing to gain. */
const open = page('public', 'public', 'has nothing of a shop');

export const POLICY: Readonly<Record<string, Rules>> = {
	'/': page('wall', 'wall', 'looks at the visitor'),
	'/sessions': page('view'),
	'/sessions/[sessionId]': page('view', 'operate', 'looks at the visitor'),
	'/errors': page('view'),
	'/errors/[group]': page('view', 'operate'),
	'/costs': page('view'),
	'/costs/requests': page('view'),
	'/costs/prices': page('view all', 'operate'),
	'/analytics': page('view'),
	'/journey': page('view'),
	'/shops': page('view'),
	'/shops/[domain]': page('view'),
	'/setup': page('view'),
	'/search': page('view'),
	'/system': page('view all', 'operate'),
	'/backfill': page('operate', 'operate'),
	'/erasures': page('administer'),
	'/keys': page('administer'),
	'/demo': page('view', 'view', 'has nothing of a shop'),
	'/docs/api': page('view', 'administer', 'has nothing of a shop'),
	'/users': page('administer'),
	'/audit': page('administer'),
	'/audit/csv': page('administer'),
	'/account': page('view', 'view', 'has nothing of a shop'),
	'/screens': page('administer'),
	'/screen': open,
	'/login': open,
	'/welcome': open,
	'/logout': open,

	// Takes every origin and every client; its own keys decide.
	'/api/analytics/events': open,
	// The signature decides.
	'/api/webhooks/shopify': open,
	'/api/openapi.json': data('view', 'has nothing of a shop'),
	'/api/v1/ai-requests': data(),
	'/api/v1/costs': data(),
	'/api/v1/errors': data(),
	'/api/v1/errors/[group]': data(),
	'/api/v1/errors/list': data(),
	'/api/v1/errors/summary': data(),
	'/api/v1/events': data(),
	'/api/v1/events/counts': data(),
	'/api/v1/events/values': data(),
	'/api/v1/journey': data(),
	'/api/v1/prices': data('view all'),
	'/api/v1/rejected': data('view all'),
	'/api/v1/search': data(),
	'/api/v1/sessions': data(),
	'/api/v1/sessions/[sessionId]': data('view', 'looks at the visitor'),
	'/api/v1/setups': data(),
	'/api/v1/setups/summary': data(),
	'/api/v1/shops': data(),
	'/api/v1/shops/[domain]': data(),
	'/api/v1/system': { read: metrics, write: metrics },
	'/api/backfill': backfill,
	'/api/backfill/[job]': backfill,
	'/api/erasures': erase,
	'/api/erasures/[id]': erase,
	'/api/erasures/[id]/certificate': erase,
	'/api/data-requests': erase,
	'/api/data-requests/[id]': erase
};

/** What a request to a route asks for. */
export function ruleOf(routeId: string, method: string): Rule {
	const rules = POLICY[routeId];
	if (!rules) return STRICTEST;
	return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? rules.read : rules.write;
}

/** Whether an answer of a route may go to the visitor. @param scoped whether it was read with their shops (see app.d.ts) */
export function keepsTo({ shops }: Pick<Visitor, 'shops'>, routeId: string, scoped: boolean): boolean {
	return shops === null || scoped || POLICY[routeId]?.keeps !== undefined;
}
