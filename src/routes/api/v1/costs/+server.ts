/** What AI requests cost, filtered as the page filters them; as CSV by UTC day and all words of the requests. */
import type { CsvColumn } from '$lib/server/api/csv';
import { csvResponse } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { iso } from '$lib/server/api/rows';
import type { CostRow } from '$lib/server/read/costs';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<CostRow>[] = [
	{ name: 'day', cell: ({ day }) => new Date(day).toISOString().slice(0, 10) },
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'provider', cell: ({ provider }) => provider },
	{ name: 'model', cell: ({ model }) => model },
	{ name: 'operation', cell: ({ operation }) => operation },
	{ name: 'step', cell: ({ step }) => step },
	{ name: 'status', cell: ({ status }) => status },
	{ name: 'requests', cell: ({ requests }) => requests },
	{ name: 'requests_without_cost', cell: ({ unpriced }) => unpriced },
	{ name: 'cost_usd', cell: ({ cost }) => cost },
	{ name: 'regenerations', cell: ({ regenerations }) => regenerations },
	{ name: 'regeneration_cost_usd', cell: ({ regenerationCost }) => regenerationCost }
];

export const GET: RequestHandler = (event) => {
	const { costs } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: costs.filters, from: 'now-7d' },
		async (asked) => {
			const { total, splits, series, estimate, forecast, sessions } = await costs.overview(asked);
			const { times, zone, ...sums } = series;
			return {
				range: { from: iso(asked.range.from), to: iso(asked.range.to) },
				total,
				estimate,
				forecast: {
					...forecast,
					since: iso(forecast.since),
					monthFrom: iso(forecast.monthFrom),
					monthTo: iso(forecast.monthTo)
				},
				splits,
				series: { zone, unit: times.unit, edges: times.edges.map(iso), ...sums },
				sessions: sessions && { ...sessions.now, lostByExit: sessions.lostByExit }
			};
		},
		(asked) => csvResponse('costs', COLUMNS, costs.rows(asked))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
