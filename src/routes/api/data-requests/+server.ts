/** What people asked to know. For administrators alone. */
import { answered, orFailure } from '$lib/server/api/commands';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => answered({ requests: await event.locals.pipeline.forgetting.requests() }));

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
