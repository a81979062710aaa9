/** One shop, as its page shows it; as CSV its figures over time. */
import { buckets } from '$lib/query';
import { sees } from '$lib/server/access/visitor';
import type { Asked } from '$lib/server/api/asked';
import { csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer, found } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { iso } from '$lib/server/api/rows';
import type { ShopBucket } from '$lib/server/read/shops/page';
import type { RequestHandler } from './$types';

interface Line extends ShopBucket {
	from: number;
	to: number;
}

const COLUMNS: readonly CsvColumn<Line>[] = [
	{ name: 'from', cell: ({ from }) => iso(from) },
	{ name: 'to', cell: ({ to }) => iso(to) },
	{ name: 'sessions', cell: ({ sessions }) => sessions },
	{ name: 'in_progress', cell: ({ inProgress }) => inProgress },
	{ name: 'completed', cell: ({ completed }) => completed },
	{ name: 'abandoned', cell: ({ abandoned }) => abandoned },
	{ name: 'ai_cost_usd', cell: ({ cost }) => cost },
	{ name: 'errors', cell: ({ errors }) => errors }
];

export const GET: RequestHandler = (event) => {
	const { visitor, pipeline } = event.locals;
	const { domain } = event.params;
	const question = { filters: {}, from: 'now-7d', keeps: 'shops' } as const;
	const read = async ({ range, zone, now }: Asked<typeof question.filters>) => {
		const times = buckets(range, zone, now);
		const shop = sees(visitor, domain) ? await pipeline.pages.shops.shop(domain, range, times) : null;
		return shop && { unit: times.unit, edges: times.edges, ...shop };
	};
	return answer(event, question, read, async (asked) => {
		const shop = await read(asked);
		return shop === null ? found(null) : csvResponse('shop', COLUMNS, [linesOf(shop)]);
	});
};

/** One line a stretch of time. */
function linesOf({ edges, series }: { edges: readonly number[]; series: readonly ShopBucket[] }): Line[] {
	return series.map((bucket, index) => ({ ...bucket, from: edges[index] ?? 0, to: edges[index + 1] ?? 0 }));
}

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
