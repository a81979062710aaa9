/** One erasure, and how far it is. For administrators alone. */
import { orFailure } from '$lib/server/api/commands';
import { found } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => found(await event.locals.pipeline.forgetting.read(event.params.id)));

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
