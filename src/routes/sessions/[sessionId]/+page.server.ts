import { error } from '@sveltejs/kit';
import { sessionTopic } from '$lib/live/messages';
import { isFault, readFilters, readRange, readZone, scopeOf, ZONE_COOKIE } from '$lib/query';
import { LIST } from '$lib/ui/sessions/href';
import type { PageServerLoad } from './$types';

/**
 * The session's story as it is now, and its neighbours in the list that it was opened from. 404 while no event of it has
 * come, and to whoever sees nothing of its shop: the error page beside this one stays subscribed, and fills as soon as the
 * first one does.
 */
export const load: PageServerLoad = async (event) => {
	const { locals, params, setHeaders } = event;
	setHeaders({ 'cache-control': 'no-store' });
	const [snapshot, neighbours, archived] = await Promise.all([
		locals.pipeline.snapshot(sessionTopic(params.sessionId), locals.visitor),
		neighboursOf(event),
		locals.pipeline.pages.archived.ofSession(params.sessionId)
	]);
	if (snapshot.state === null) error(404, 'No event of this session has come yet');
	// As text: events hold whatever clients sent, also keys (__proto__) that the page's own serializer refuses.
	const keyed = locals.pipeline.keyMode() !== null;
	return { snapshotJson: JSON.stringify(snapshot), neighbours, archived, keyed };
};

/** Null where the address names no list, or none that can be read: the session is shown all the same. */
async function neighboursOf({ url, cookies, locals, params }: Parameters<PageServerLoad>[0]) {
	const { sessions } = locals.pipeline.pages;
	const list = url.searchParams.get(LIST);
	if (list === null) return null;
	const query = new URLSearchParams(list);
	const zone = readZone(query, cookies.get(ZONE_COOKIE));
	if (isFault(zone)) return null;
	const range = readRange(query, { now: Date.now(), zone, fallback: 'now-7d' });
	const scoped = scopeOf(locals.visitor.shops, sessions.filters, undefined, query);
	if (typeof scoped === 'string' || isFault(scoped)) return null;
	const filters = readFilters(sessions.filters, scoped.params);
	if (isFault(range) || isFault(filters)) return null;
	const neighbours = await sessions.neighbours({ range, filters }, params.sessionId);
	return isFault(neighbours) ? null : neighbours;
}
