/** Forgetting: what was asked for and what became of it, for administrators alone. What is to go is typed twice. */
import { fail, redirect } from '@sveltejs/kit';
import { noteErasure } from '$lib/server/access/audit';
import { pageQuery } from '$lib/ui/page/frame';
import { faultsOf, readWish, wishOf, type WishFaults, type WishForm } from './wish';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const { forgetting } = event.locals.pipeline;
	const [erasures, requests] = await Promise.all([forgetting.list(), forgetting.requests()]);
	return { frame, erasures, requests };
};

export const actions: Actions = {
	erase: async (event) => {
		const form = readWish(await event.request.formData());
		const faults = faultsOf(form);
		if (Object.keys(faults).length > 0) return refused(400, form, faults, '');
		const erasure = await event.locals.pipeline.forgetting.ask(wishOf(form));
		if (typeof erasure === 'string') return refused(400, form, {}, `${erasure}.`);
		await noteErasure(event, erasure);
		redirect(303, `/erasures#${erasure.id}`);
	}
};

function refused(status: number, form: WishForm, faults: WishFaults, message: string) {
	return fail(status, { form, faults, message });
}
