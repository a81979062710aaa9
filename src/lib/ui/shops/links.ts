/** Addresses of a shop. Its domain is whatever a client said it was. */
import { pageHref } from '../pages';

/** The shop's page, with what the reader has chosen for all pages. */
export function shopHref(domain: string, url: URL): string {
	return pageHref(`/shops/${encodeURIComponent(domain)}`, url);
}
