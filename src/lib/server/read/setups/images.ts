/**
 * Product images that were prepared, by how. All of a range are counted; methods and times are those of the latest
 * SAMPLE of them, because only the log knows them.
 */
import type { Millis } from '../../../live/messages';
import { MOST_ROWS_OF_WHOLE, wordOf } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { time } from '../columns';
import { fieldValue } from '../events/questions';
import { eventCounts, eventParts } from '../tallies';

export interface ImageMethod {
	/** auto, manual, hybrid, a client's own word, or '' where none was named. */
	method: string;
	images: number;
	/** Of those that said how long it took. */
	medianMs: number | null;
	p95Ms: number | null;
}

export interface ImagesPrepared {
	/** All in the range, whatever the method. */
	images: number;
	/** The latest of them, which the methods are of. */
	sampled: number;
	methods: ImageMethod[];
	/** How many methods there are, of which those have most images. */
	inAll: number;
}

const SAMPLE = 500;
const METHODS = 20;
const READ_WITHIN_MS = 10_000;
const TYPE = { only: ['image_prepared'], without: [] };

/** The images of a range, by when the server heard of them. */
export async function imagesPrepared(
	sql: Sql,
	range: { from: Millis; to: Millis },
	{ shop, method }: { shop: string | null; method: string | null },
	isWhole: boolean
): Promise<ImagesPrepared> {
	const domain = shop === null ? null : wordOf(shop);
	const all =
		domain === null
			? eventCounts(sql, { ...range, shop: null }, TYPE)
			: eventParts(sql, { ...range, shop: domain }, TYPE);
	const [row] = await within(
		READ_WITHIN_MS,
		sql<ImagesPrepared[]>`
			with sample as materialized (
				select coalesce(${fieldValue(sql, 'method')}, '') as method, json_number(data -> 'processingTimeMs')::float8 as ms
				from analytics_events
				where event_type = 'image_prepared'
					and server_timestamp >= ${time(sql, range.from)} and server_timestamp < ${time(sql, range.to)}
					and ${domain === null ? sql`true` : sql`coalesce(shop_domain, '') = ${domain}`}
				order by server_timestamp desc
				limit ${SAMPLE}
			),
			by_method as materialized (
				select
					method, count(*)::int as images,
					percentile_cont(0.5) within group (order by ms) as "medianMs",
					percentile_cont(0.95) within group (order by ms) as "p95Ms"
				from sample
				where ${method === null ? sql`true` : sql`method = ${wordOf(method)}`}
				group by method
			)
			select
				(select coalesce(sum(events), 0)::float8 from ${all} as counted) as images,
				(select count(*)::int from sample) as sampled,
				(
					select coalesce(json_agg(line), '[]')
					from (
						select * from by_method order by images desc, method limit ${isWhole ? MOST_ROWS_OF_WHOLE : METHODS}
					) as line
				) as methods,
				(select count(*)::int from by_method) as "inAll"`
	);
	if (!row) throw new Error('an aggregate gave no row');
	return row;
}
