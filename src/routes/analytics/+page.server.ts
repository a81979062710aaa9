import { shownEvent } from '$lib/ui/events/shown';
import { given, pageQuery } from '$lib/ui/page/frame';
import { asksWhole, buckets } from '$lib/query';
import type { PageServerLoad } from './$types';

/** Bars of the chart, and of the small ones beside each type. */
const BARS = 100;
const SMALL_BARS = 30;

export const load: PageServerLoad = async (event) => {
	const { archived, events, shopNames } = event.locals.pipeline.pages;
	const query = await pageQuery(event, { fallback: 'now-24h', filters: events.filters });
	const { frame, now, zone, range, filters, scope } = query;
	const times = buckets(range, zone, now, BARS);
	const small = buckets(range, zone, now, SMALL_BARS);
	const isWhole = asksWhole(event.url.searchParams);
	const [list, known, series, fields, values, byShop, shops, archivedMonths] = await Promise.all([
		events.list({ range, filters, cursor: event.url.searchParams.get('cursor') }),
		events.types(range, filters.shop, small, scope, isWhole),
		events.series(range, filters, times),
		events.fieldNames(range, filters, isWhole),
		filters.field === null ? null : events.fieldValues(range, filters, filters.field, isWhole),
		events.shops(range, filters.type, filters.shop, isWhole),
		shopNames(query.shops),
		archived.ofRange(range)
	]);
	const { rows, ...page } = given(list);
	return {
		frame,
		filters,
		times,
		list: { ...page, rows: rows.map(shownEvent) },
		known,
		partial: small.partial,
		series,
		fields,
		values,
		byShop,
		shops,
		archivedMonths,
		keyed: event.locals.pipeline.keyMode() !== null
	};
};
