/** One backfill: how far it is, and steering it. */
import { noteOf } from '$lib/server/access/audit';
import { answered, commandBody, orFailure } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

const ACTIONS = ['pause', 'resume', 'cancel'] as const;
const NOBODY = 'There is no such backfill.';

/** A number that a job can have; 0, which none has, for anything else. */
function idOf(text: string): number {
	return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => {
		const job = await event.locals.pipeline.backfills.read(idOf(event.params.job));
		return job ? answered(job) : failure('not_found', NOBODY);
	});

export const POST: RequestHandler = (event) =>
	orFailure(event, async () => {
		const command = await commandBody(event);
		if (command instanceof Response) return command;
		const { body } = command;
		const wanted = typeof body === 'object' && body !== null && 'action' in body ? body.action : undefined;
		const action = ACTIONS.find((known) => known === wanted);
		if (!action) return failure('bad_request', `Send {"action": "…"} with one of ${ACTIONS.join(', ')}.`);
		const job = await event.locals.pipeline.backfills.steer(idOf(event.params.job), action);
		if (job === null) return failure('not_found', NOBODY);
		if (typeof job === 'string') return failure('conflict', `It is ${job}: no ${action} now.`);
		await noteOf(event, { action: 'backfill.steered', object: `job ${job.id}`, detail: { to: action } });
		return answered(job);
	});

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD, POST');
