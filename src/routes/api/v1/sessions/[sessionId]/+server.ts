/** One session's whole story. */
import { sessionTopic } from '$lib/live/messages';
import { found } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals, params }) => {
	const { state } = await locals.pipeline.snapshot(sessionTopic(params.sessionId), locals.visitor);
	return found(state);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
