import { cookieName, cookieOptions } from '$lib/server/access/asking';
import { DISPLAY_COOKIE_S } from '$lib/server/access/displays';
import type { PageServerLoad } from './$types';

/** The Control Room as it is now, of what the visitor may see, so that the first paint is the whole wall. */
export const load: PageServerLoad = async ({ locals: { pipeline, visitor }, cookies, url, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	const isScreen = visitor.kind === 'screen';
	if (isScreen) {
		// Browsers forget a cookie in time; a wall's must not run out while it hangs there.
		const isSecure = url.protocol === 'https:';
		const name = cookieName('display', isSecure);
		cookies.set(name, cookies.get(name) ?? '', cookieOptions(isSecure, DISPLAY_COOKIE_S));
	}
	return {
		snapshot: await pipeline.snapshot('control-room', visitor),
		screen: isScreen ? visitor.name : null,
		shops: visitor.shops
	};
};
