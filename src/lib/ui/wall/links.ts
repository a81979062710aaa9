/**
 * Where what the wall counts can be opened: exactly the rows that a figure counts, in its own window. An unattended
 * screen stays one, and a chosen look goes along. Pure.
 */
import type { FigureName } from './figures';

/** The window of the figures as an address says it. */
const WINDOW = { from: 'now-24h' };

/** In progress now, whenever they started. */
const ACTIVE = { path: '/sessions', query: { status: 'in_progress', by: 'any' } };
const ENDED = { path: '/sessions', query: { by: 'ended', status: 'ended', ...WINDOW } };

const FIGURES: Readonly<Record<FigureName, { path: string; query: Record<string, string> }>> = {
	activeSessions: ACTIVE,
	successRate: ENDED,
	activeShops: { path: '/shops', query: WINDOW },
	aiCost: { path: '/costs', query: WINDOW },
	errors: { path: '/errors', query: WINDOW }
};

const TAKEN_ALONG = ['kiosk', 'theme'];

/** The rows behind a figure. `url` is the wall's own. */
export function figureHref(name: FigureName, url: URL): string {
	return href(FIGURES[name], url);
}

/** All active sessions, those with a lane and those without. */
export function activeHref(url: URL): string {
	return href(ACTIVE, url);
}

/** The sessions that ended last. */
export function endedHref(url: URL): string {
	return href(ENDED, url);
}

/** The errors that came last. */
export function errorsHref(url: URL): string {
	return href(FIGURES.errors, url);
}

function href({ path, query }: { path: string; query: Record<string, string> }, { searchParams }: URL): string {
	const params = new URLSearchParams(query);
	for (const name of TAKEN_ALONG) {
		const value = searchParams.get(name);
		if (value) params.set(name, value);
	}
	return `${path}?${params}`;
}
