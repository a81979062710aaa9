/** Who asks, and what they may. Nothing here reads anything: what is decided is decided from what is known of the visitor. */

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What an API token is for. */
export const SCOPES = ['read', 'metrics', 'backfill', 'erase'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What a route asks for. public: nothing. wall: the Control Room. view: drill-down of one's shops. view all: what is not
 * of one shop. operate: to acknowledge, set prices, start a backfill. administer: people, screens, keys, erasures.
 */
export type Right = 'public' | 'wall' | 'view' | 'view all' | 'operate' | 'administer';

export interface Visitor {
	/** open: whoever is at the machine itself, while nobody has to log in. */
	kind: 'open' | 'nobody' | 'user' | 'screen' | 'token';
	/** Of the user, the screen or the token. */
	id: string | null;
	/** As people call it. */
	name: string;
	/** Null where there is none: a screen, a token, nobody. */
	role: Role | null;
	/** Of a token. */
	scopes: readonly Scope[];
	/** The shops that it sees; null: all. */
	shops: readonly string[] | null;
	/** Whether figures are hidden from it. */
	masked: boolean;
	/** The login or the display that it came by; null where there is none. */
	login: string | null;
}

export const NOBODY: Visitor = {
	kind: 'nobody',
	id: null,
	name: 'nobody',
	role: null,
	scopes: [],
	shops: null,
	masked: false,
	login: null
};

/** Whoever is at a machine that is open to itself. */
export const AT_THE_MACHINE: Visitor = { ...NOBODY, kind: 'open', name: 'this machine', role: 'admin' };

const RIGHTS: Record<Role, readonly Right[]> = {
	viewer: ['public', 'wall', 'view'],
	operator: ['public', 'wall', 'view', 'view all', 'operate'],
	admin: ['public', 'wall', 'view', 'view all', 'operate', 'administer']
};

/** What a route asks of whom: a right of people and screens, or a scope of tokens, where it takes tokens. */
export interface Rule {
	right: Right;
	scope?: Scope;
}

/** Whether the visitor may. */
export function may(visitor: Visitor, { right, scope }: Rule): boolean {
	if (right === 'public') return true;
	if (visitor.kind === 'screen') return right === 'wall';
	if (visitor.kind === 'token') {
		return scope !== undefined && visitor.scopes.includes(scope) && (right !== 'view all' || visitor.shops === null);
	}
	if (visitor.role === null) return false;
	if (right === 'view all' && visitor.role === 'viewer') return visitor.shops === null;
	return RIGHTS[visitor.role].includes(right);
}

/** Whether the visitor sees this shop. Events without a shop belong to nobody's part. */
export function sees(visitor: Pick<Visitor, 'shops'>, shop: string | null): boolean {
	return visitor.shops === null || (shop !== null && visitor.shops.includes(shop));
}
