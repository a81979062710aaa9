/** What a search found, as entries to choose from: pages, sessions, shops, groups of errors. Pure. */
import type { Millis, SessionCard } from '$lib/live/messages';
import { counted } from '../format';
import { MANAGING, offeredOf, pageHref, PAGES } from '../pages';
import { sessionSign, sessionTitle, shopName } from '../words';

/** The answer of the search. */
export interface Found {
	sessions: SessionCard[];
	shops: { shop: string; sessions: number; lastSessionAt: Millis | null }[];
	groups: { group: string; code: string | null; message: string | null; errors: number }[];
}

export interface Entry {
	key: string;
	href: string;
	title: string;
	/** What tells it from others of the same name. */
	detail: string;
}

export interface EntryGroup {
	name: string;
	entries: Entry[];
}

/**
 * The groups that have entries.
 * @param found null while nothing has been searched for
 * @param offered the paths of the pages that the visitor may see
 */
export function entryGroups(text: string, found: Found | null, url: URL, offered: readonly string[]): EntryGroup[] {
	const wanted = text.trim().toLowerCase();
	const pages = offeredOf([...PAGES, ...MANAGING], offered).filter(
		({ name, title }) => wanted === '' || `${name}\n${title}`.toLowerCase().includes(wanted)
	);
	const groups: EntryGroup[] = [
		{ name: 'Sessions', entries: (found?.sessions ?? []).map((session) => sessionEntry(session, url)) },
		{
			name: 'Shops',
			entries: (found?.shops ?? []).map(({ shop, sessions }) => ({
				key: `shop ${shop}`,
				href: pageHref(`/shops/${encodeURIComponent(shop)}`, url),
				title: shopName(shop) ?? shop,
				detail: `${shop} · ${counted(sessions, 'sessions')}`
			}))
		},
		{
			name: 'Errors',
			entries: (found?.groups ?? []).map(({ group, code, message, errors }) => ({
				key: `group ${group}`,
				href: pageHref(`/errors/${group}`, url),
				title: code ?? message ?? 'no code',
				detail: [code && message, counted(errors, 'errors')].filter(Boolean).join(' · ')
			}))
		},
		{
			name: 'Pages',
			entries: pages.map(({ path, name, title }) => ({
				key: `page ${path}`,
				href: pageHref(path, url),
				title: name,
				detail: title
			}))
		}
	];
	return groups.filter(({ entries }) => entries.length > 0);
}

function sessionEntry(session: SessionCard, url: URL): Entry {
	const { sessionId, shop, status, product } = session;
	return {
		key: `session ${sessionId}`,
		href: pageHref(`/sessions/${encodeURIComponent(sessionId)}`, url),
		title: sessionTitle(session),
		detail: [sessionSign(status).word, product && shopName(shop), sessionId].filter(Boolean).join(' · ')
	};
}
