/** Erasures: the latest ones, and a new one. For administrators alone. */
import { noteErasure } from '$lib/server/access/audit';
import { answered, commandBody, orFailure } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => answered({ erasures: await event.locals.pipeline.forgetting.list() }));

export const POST: RequestHandler = (event) =>
	orFailure(event, async () => {
		const command = await commandBody(event);
		if (command instanceof Response) return command;
		const erasure = await event.locals.pipeline.forgetting.ask(command.body);
		if (typeof erasure === 'string') return failure('bad_request', `${erasure}.`);
		await noteErasure(event, erasure);
		return answered(erasure, 202);
	});

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD, POST');
