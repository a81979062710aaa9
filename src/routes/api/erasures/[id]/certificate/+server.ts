/** The certificate of an erasure as a file, byte for byte as its hash was made. For administrators alone. */
import { orFailure } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	orFailure(event, async () => {
		const erasure = await event.locals.pipeline.forgetting.read(event.params.id);
		if (typeof erasure?.certificate !== 'string')
			return failure('not_found', 'There is no such certificate, or not yet.');
		return new Response(erasure.certificate, {
			headers: {
				'content-type': 'application/json; charset=utf-8',
				'cache-control': 'no-store',
				'content-disposition': `attachment; filename="erasure-${erasure.id}.json"`
			}
		});
	});

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
