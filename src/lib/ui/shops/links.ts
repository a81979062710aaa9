/** Addresses of a shop. Its domain is whatever a client said it was. */
import { withParams, type ParamValue } from '$lib/query';
import { sessionsHref } from '../links';
import { pageHref } from '../pages';
import type { Reason } from './reasons';

/** The shop's page, with what the reader has chosen for all pages. */
export function shopHref(domain: string, url: URL): string {
	return pageHref(`/shops/${encodeURIComponent(domain)}`, url);
}

/** What a reason for attention counts, or what it is about. Its time is its rule's, and not the page's. */
export function reasonHref({ why }: Pick<Reason, 'why'>, shop: string, url: URL): string {
	const since = (fromText: string) => ({ fromText, toText: 'now' });
	const at = (pathname: string, changes: Record<string, ParamValue>) => {
		const { tz, theme } = Object.fromEntries(url.searchParams);
		return withParams({ pathname, search: '' }, { ...changes, shop, tz: tz ?? null, theme: theme ?? null });
	};
	switch (why) {
		case 'quiet':
			return sessionsHref(url, since('now-9d'), { shop });
		case 'success':
			return sessionsHref(url, since('now-7d'), { shop, status: 'ended' });
		case 'errors':
			return at('/errors', { from: 'now-24h', view: 'list' });
		case 'set-up':
			return `${at('/setup', { from: 'now-90d', state: 'unfinished' })}#set-ups`;
	}
}
