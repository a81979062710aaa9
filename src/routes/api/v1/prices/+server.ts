/** The prices by which requests without a cost are estimated. */
import { csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { iso } from '$lib/server/api/rows';
import type { Price } from '$lib/server/read/costs/prices';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<Price>[] = [
	{ name: 'provider', cell: ({ provider }) => provider },
	{ name: 'model', cell: ({ model }) => model },
	{ name: 'operation', cell: ({ operation }) => operation },
	{ name: 'valid_from', cell: ({ validFrom }) => validFrom },
	{ name: 'price_usd', cell: ({ priceUsd }) => priceUsd },
	{ name: 'set_by', cell: ({ setBy }) => setBy },
	{ name: 'set_at', cell: ({ setAt }) => iso(setAt) }
];

export const GET: RequestHandler = (event) => {
	const { prices } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: {}, from: 'now-7d' },
		async () => ({ rows: (await prices.list()).map((price) => ({ ...price, setAt: iso(price.setAt) })) }),
		async () => csvResponse('prices', COLUMNS, [await prices.list()])
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
