import type { PageServerLoad } from './$types';

/** The Control Room as it is now, so that the first paint is the whole wall. */
export const load: PageServerLoad = async ({ locals, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	return { snapshot: await locals.pipeline.snapshot('control-room') };
};
