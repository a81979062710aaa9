/** The pages of the product in the order in which they are offered, each with what it answers, for who is new. */
export interface PageEntry {
	path: string;
	name: string;
	/** What it answers, in one line. */
	title: string;
}

export const PAGES: readonly PageEntry[] = [
	{ path: '/', name: 'Control Room', title: 'What is happening now: every active session, and how healthy it all is' },
	{
		path: '/sessions',
		name: 'Sessions',
		title: 'Each use of “See it in your room”: find it, open it, see what happened'
	},
	{ path: '/errors', name: 'Errors', title: 'What went wrong, grouped by cause, with the sessions and shops it hit' },
	{ path: '/costs', name: 'Costs', title: 'What the AI requests cost, who caused it, and what of it was wasted' },
	{ path: '/analytics', name: 'Analytics', title: 'Any kind of event, counted over time, and the log of all events' },
	{
		path: '/journey',
		name: 'Journey',
		title: 'How far shoppers come, from the first button to the cart, and where they leave'
	},
	{ path: '/shops', name: 'Shops', title: 'Each shop: its sessions, success, costs, and which need attention' },
	{ path: '/setup', name: 'Set-up', title: 'How products are made ready: begun, completed, given up' },
	{
		path: '/backfill',
		name: 'Archive',
		title: 'Bringing events back from the archive, and whether log and archive agree'
	},
	{ path: '/system', name: 'System', title: 'How the Control Room itself is: intake, delays, storage, rejected events' }
];

/** What administrators have besides: whom and what they let in, and what was done. */
export const MANAGING: readonly PageEntry[] = [
	{ path: '/users', name: 'Users', title: 'Who can log in, and what each of them may; inviting somebody' },
	{ path: '/screens', name: 'Screens', title: 'Links for walls, and which displays show what' },
	{ path: '/keys', name: 'Keys', title: 'What shops send events with, and what scripts read with' },
	{ path: '/audit', name: 'Audit', title: 'Who did what, from when on and from where' },
	{ path: '/erasures', name: 'Erasures', title: 'Sessions, shops and persons that are forgotten for good' }
];

/** Those of the pages that the visitor may see. @param offered their paths, as the server has decided */
export function offeredOf(pages: readonly PageEntry[], offered: readonly string[]): PageEntry[] {
	return pages.filter(({ path }) => offered.includes(path));
}

/** What a link to another page takes along: the reader's zone and range, and how the page looks. */
const TAKEN_ALONG = ['from', 'to', 'tz', 'theme'];
/** Of whoever looks at one of several shops at a time: else the next page would go back to the first of them. */
const OF_ONE_SHOP = [...TAKEN_ALONG, 'shop'];

/**
 * The address of a page, with what the reader has chosen for all pages.
 * @param shops those that the reader sees; null: all
 */
export function pageHref(path: string, url: URL, shops: readonly string[] | null = null): string {
	const params = new URLSearchParams();
	for (const name of (shops ?? []).length > 1 ? OF_ONE_SHOP : TAKEN_ALONG) {
		const value = url.searchParams.get(name);
		// The Control Room is always now.
		if (value && (path !== '/' || name === 'theme')) params.set(name, value);
	}
	const query = params.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
	return query === '' ? path : `${path}?${query}`;
}

/** Is this address the page, or one that belongs to it? */
export function isWithin(path: string, url: URL): boolean {
	return path === '/' ? url.pathname === '/' : url.pathname === path || url.pathname.startsWith(`${path}/`);
}
