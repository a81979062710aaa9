/** How the Control Room itself is. */
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) => {
	const { pipeline } = event.locals;
	const { pages } = pipeline;
	return answer(event, { filters: {}, from: 'now-1h' }, async () => {
		const process = await pipeline.system();
		const [intake, archive, months, database] = await Promise.all([
			pages.system.intake(),
			pages.system.archive(),
			pages.system.months(process.months.keep),
			pages.system.database()
		]);
		return { process, intake, archive, months, database };
	});
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
