/** What is kept of whoever asked, as a file to hand over. For administrators alone. */
import { noteOf } from '$lib/server/access/audit';
import { orFailure } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => {
		const answer = await event.locals.pipeline.forgetting.answer(event.params.id, event.request.signal);
		if (answer === null) return failure('not_found', 'There is no such request, or it can not be answered any more.');
		await noteOf(event, { action: 'data_request.answered', object: event.params.id });
		return new Response(JSON.stringify(answer, null, 2), {
			headers: {
				'content-type': 'application/json; charset=utf-8',
				'cache-control': 'no-store',
				'content-disposition': `attachment; filename="data-request-${event.params.id}.json"`
			}
		});
	});

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
