import { error } from '@sveltejs/kit';
import { sessionTopic } from '$lib/live/messages';
import type { PageServerLoad } from './$types';

/**
 * The session's story as it is now. 404 while no event of it has come: the error page beside this one stays subscribed,
 * and fills as soon as the first one does.
 */
export const load: PageServerLoad = async ({ locals, params, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	const snapshot = await locals.pipeline.snapshot(sessionTopic(params.sessionId));
	if (snapshot.state === null) error(404, 'No event of this session has come yet');
	// As text: events hold whatever clients sent, also keys (__proto__) that the page's own serializer refuses.
	return { snapshotJson: JSON.stringify(snapshot) };
};
