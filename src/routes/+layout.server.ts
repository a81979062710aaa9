/** Who looks, and which pages they may see: what every page's header and search offer. */
import { ruleOf } from '$lib/server/access/policy';
import { may } from '$lib/server/access/visitor';
import { MANAGING, PAGES } from '$lib/ui/pages';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = ({ locals: { visitor } }) => {
	const { kind, name, role, shops } = visitor;
	const offered = [...PAGES, ...MANAGING].filter(({ path }) => may(visitor, ruleOf(path, 'GET')));
	return { visitor: { kind, name, role, shops }, offered: offered.map(({ path }) => path) };
};
