/** Light or dark. */
import { isKiosk } from './kiosk.svelte';

/**
 * What the address says. Where it says nothing, the wall is dark, and so is what is opened from one in kiosk mode:
 * whatever the system of the computer behind it prefers, it lights a room all day. Undefined: as the system says.
 */
export function themeOf(url: URL): 'light' | 'dark' | undefined {
	const chosen = url.searchParams.get('theme');
	if (chosen === 'light' || chosen === 'dark') return chosen;
	return url.pathname === '/' || isKiosk(url) ? 'dark' : undefined;
}
