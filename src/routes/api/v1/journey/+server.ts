/** How far shoppers come, filtered as the page filters; as CSV the funnel of each device, shop and product. */
import { STEPS } from '$lib/events/vocabulary';
import { csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { iso } from '$lib/server/api/rows';
import type { JourneyPart } from '$lib/server/read/journey';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<JourneyPart>[] = [
	{ name: 'split', cell: ({ part }) => part },
	{ name: 'value', cell: ({ value }) => value },
	{ name: 'values', cell: ({ values }) => values },
	{ name: 'impressions', cell: ({ impressions }) => impressions },
	{ name: 'clicks', cell: ({ clicks }) => clicks },
	{ name: 'sessions', cell: ({ sessions }) => sessions },
	{ name: 'in_progress', cell: ({ active }) => active },
	...STEPS.map((step, index) => ({
		name: `reached_${step}`,
		cell: ({ reached }: JourneyPart) => reached[index] ?? null
	})),
	{ name: 'completed', cell: ({ completed }) => completed },
	{ name: 'added_to_cart', cell: ({ carts }) => carts }
];

export const GET: RequestHandler = (event) => {
	const { journey } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: journey.filters, from: 'now-7d' },
		async (asked) => {
			const { stages, exits, postAr, splits, steps, lookedAt } = await journey.overview(asked);
			const { range } = asked;
			return {
				range: { from: iso(range.from), to: iso(range.to) },
				stages,
				exits,
				postAr,
				splits,
				steps,
				lookedAt: lookedAt && { ...lookedAt, backTo: iso(lookedAt.backTo) }
			};
		},
		(asked) => csvResponse('journey', COLUMNS, journey.file(asked))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
