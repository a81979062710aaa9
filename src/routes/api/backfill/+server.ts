/** Backfills: the latest ones, and a new one. */
import { noteOf } from '$lib/server/access/audit';
import { answered, commandBody, orFailure } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => answered({ jobs: await event.locals.pipeline.backfills.list() }));

export const POST: RequestHandler = (event) =>
	orFailure(event, async () => {
		const command = await commandBody(event);
		if (command instanceof Response) return command;
		const job = await event.locals.pipeline.backfills.ask(command.body);
		if (typeof job === 'string') return failure('bad_request', `${job}.`);
		await noteOf(event, { action: 'backfill.started', object: `job ${job.id}` });
		return answered(job, 202);
	});

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD, POST');
