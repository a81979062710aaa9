import { fail } from '@sveltejs/kit';
import { noteOf } from '$lib/server/access/audit';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { pipeline } = event.locals;
	const { pages } = pipeline;
	const { frame, filters } = await pageQuery(event, { fallback: 'now-24h', filters: pages.rejected.filters });
	const state = await pipeline.system();
	const [intake, archive, months, database, rejected] = await Promise.all([
		pages.system.intake(),
		pages.system.archive(),
		pages.system.months(state.months.keep),
		pages.system.database(),
		pages.rejected.list({ filters, cursor: event.url.searchParams.get('cursor') })
	]);
	return {
		frame,
		state,
		intake,
		archive,
		months,
		database,
		rejected: given(rejected),
		withReplayed: filters.replayed === true
	};
};

export const actions: Actions = {
	/** Reads a rejected event once more. */
	replay: async (event) => {
		const { request, locals } = event;
		const field = (await request.formData()).get('id');
		const id = typeof field === 'string' ? field : '';
		const replayed = await locals.pipeline.replay(id);
		if (replayed === null) return fail(404, { id, told: 'There is no such rejected event.' });
		if (!replayed.isStored) return fail(422, { id, told: `Still not an event: ${replayed.reason}.` });
		await noteOf(event, { action: 'rejected.replayed', object: id, detail: { isNew: replayed.isNew } });
		return { id, told: replayed.isNew ? 'It is in the log now.' : 'It was in the log already.' };
	}
};
