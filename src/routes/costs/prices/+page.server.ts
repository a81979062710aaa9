/** The table of prices: what requests without a cost are estimated by. Saying something of a price is an event. */
import { fail, redirect } from '@sveltejs/kit';
import { PRICE_SET } from '$lib/events/vocabulary';
import { noteOf } from '$lib/server/access/audit';
import { pageQuery } from '$lib/ui/page/frame';
import { faultsOf, readForm, type PriceFaults, type PriceForm } from './said';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

/** The name that somebody typed once, where nobody logs in. */
const NAME_COOKIE = 'by';
const YEAR_S = 31_536_000;

export const load: PageServerLoad = async (event) => {
	const { costs, prices } = event.locals.pipeline.pages;
	const { frame, now, range, filters } = await pageQuery(event, { fallback: 'now-7d', filters: costs.filters });
	const [list, history, gaps] = await Promise.all([prices.list(), prices.history(), prices.gaps(filters, range)]);
	// Whoever is logged in has a name.
	const by = event.locals.visitor.kind === 'user' ? null : (event.cookies.get(NAME_COOKIE) ?? '');
	return { frame, list, history, gaps, by, today: new Date(now).toISOString().slice(0, 10) };
};

export const actions: Actions = {
	set: (event) => said(event, false),
	takeBack: (event) => said(event, true)
};

async function said(event: RequestEvent, takesBack: boolean) {
	const { visitor } = event.locals;
	const isKnown = visitor.kind === 'user';
	const form = readForm(await event.request.formData(), isKnown ? visitor.name : null);
	const faults = faultsOf(form, takesBack);
	if (Object.keys(faults).length > 0) return refused(400, form, faults, '');
	const { provider, model, operation, validFrom, by } = form;
	const priceUsd = takesBack ? null : form.priceUsd;
	const outcome = await event.locals.pipeline.record(PRICE_SET, {
		provider,
		model,
		operation,
		validFrom,
		priceUsd,
		by
	});
	if ('code' in outcome) return refused(503, form, {}, `It could not be saved: ${outcome.message}`);
	const [rejected] = outcome.refused;
	if (rejected) return refused(400, form, {}, `It could not be saved: ${rejected.reason}`);
	await noteOf(event, {
		action: takesBack ? 'price.taken_back' : 'price.set',
		object: [provider, model, operation].filter((word) => word !== '').join(' / '),
		detail: { validFrom, priceUsd, ...(isKnown ? {} : { by }) }
	});
	if (!isKnown) {
		const secure = event.url.protocol === 'https:';
		event.cookies.set(NAME_COOKIE, by, { path: '/', maxAge: YEAR_S, httpOnly: true, sameSite: 'lax', secure });
	}
	// Without the name of the action, and so that a reload does not say it again.
	const params = new URLSearchParams(event.url.search);
	for (const name of ['/set', '/takeBack', 'for_provider', 'for_model', 'for_operation']) params.delete(name);
	redirect(303, params.size > 0 ? `${event.url.pathname}?${params.toString()}` : event.url.pathname);
}

function refused(status: number, form: PriceForm, faults: PriceFaults, message: string) {
	return fail(status, { form, faults, message });
}
