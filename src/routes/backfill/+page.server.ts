import { fail } from '@sveltejs/kit';
import { noteOf } from '$lib/server/access/audit';
import { textOf } from '$lib/ui/form';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

export const load: PageServerLoad = async (event) => {
	const { backfills } = event.locals.pipeline;
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const [jobs, comparisons] = await Promise.all([backfills.list(), backfills.comparisons()]);
	return { frame, jobs, comparisons };
};

const STEERING = {
	pause: 'It is paused.',
	resume: 'It goes on.',
	cancel: 'It is cancelled. What came back stays.'
} as const;

export const actions: Actions = {
	start: async (event) => {
		const form = await event.request.formData();
		const wish = { from: textOf(form, 'from').trim(), to: textOf(form, 'to').trim(), prefix: textOf(form, 'prefix').trim(), dryRun: form.has('dryRun') }; // prettier-ignore
		const job = await event.locals.pipeline.backfills.ask(wish);
		if (typeof job === 'string') return fail(400, { told: `${job}.`, isFault: true, wish });
		await noteOf(event, { action: 'backfill.started', object: `job ${job.id}`, detail: wish });
		return { told: `Job ${job.id} is asked for.`, isFault: false, wish };
	},
	pause: (event) => steer(event, 'pause'),
	resume: (event) => steer(event, 'resume'),
	cancel: (event) => steer(event, 'cancel')
};

async function steer(event: RequestEvent, action: keyof typeof STEERING) {
	const form = await event.request.formData();
	const id = textOf(form, 'id').trim();
	const job = await event.locals.pipeline.backfills.steer(/^\d{1,15}$/.test(id) ? Number(id) : 0, action);
	if (job === null) return fail(404, { told: 'There is no such job.', isFault: true, wish: null });
	if (typeof job === 'string') return fail(409, { told: `It is ${job}: no ${action} now.`, isFault: true, wish: null });
	await noteOf(event, { action: 'backfill.steered', object: `job ${id}`, detail: { to: action } });
	return { told: `Job ${id}: ${STEERING[action]}`, isFault: false, wish: null };
}
