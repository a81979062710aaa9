/** What people are to the product, in words. */

/** Who looks at a page, as far as the page needs to know. */
export interface Viewer {
	kind: 'open' | 'nobody' | 'user' | 'screen' | 'token';
	name: string;
	role: 'viewer' | 'operator' | 'admin' | null;
	/** Null: all. */
	shops: readonly string[] | null;
}

export const ROLE_NAMES = { viewer: 'Viewer', operator: 'Operator', admin: 'Administrator' } as const;

/** "Viewer of a.example and b.example". */
export function roleWords({ role, shops }: Pick<Viewer, 'role' | 'shops'>): string {
	if (role === null) return '';
	return shops === null ? ROLE_NAMES[role] : `${ROLE_NAMES[role]} of ${shops.join(', ')}`;
}
