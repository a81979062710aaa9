/**
 * The file behind the page about costs: sums by UTC day and all words, in the order of days. Read a stretch of days at a
 * time, so that an export of years holds neither the database nor the memory.
 */
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { decimal, millis } from '../columns';
import { shopCostDays, type CostQuestion } from './parts';

const DAY_MS = 86_400_000;
const DAYS_AT_ONCE = 3;
const READ_LIMIT_MS = 10_000;

export interface CostRow {
	/** When the UTC day begins. */
	day: Millis;
	shop: string;
	provider: string;
	model: string;
	operation: string;
	step: string;
	status: string;
	requests: number;
	unpriced: number;
	cost: Decimal;
	regenerations: number;
	regenerationCost: Decimal;
}

/** All rows of the range, in parts. */
export async function* costRows(sql: Sql, { range, filters }: CostQuestion): AsyncGenerator<CostRow[]> {
	const [{ first } = { first: null }] = await sql<{ first: Millis | null }[]>`
		select ${millis(sql, 'first')} as first from (select min(occurred_at) as first from ai_requests) as known`;
	if (first === null) return;
	let from = Math.max(range.from, first);
	while (from < range.to) {
		const to = Math.min(range.to, (Math.floor(from / DAY_MS) + DAYS_AT_ONCE) * DAY_MS);
		yield await within(READ_LIMIT_MS, rowsOf(sql, filters, { from, to }));
		from = to;
	}
}

function rowsOf(
	sql: Sql,
	filters: CostQuestion['filters'],
	span: { from: Millis; to: Millis }
): PromiseLike<CostRow[]> {
	return sql<CostRow[]>`
		select
			${millis(sql, 'day')} as day, shop, provider, model, operation, step, status, requests, unpriced,
			${decimal(sql, 'cost')} as cost, regenerations, ${decimal(sql, 'regeneration_cost')} as "regenerationCost"
		from (
			select
				day, shop, provider, model, operation, step, status,
				sum(requests)::float8 as requests, sum(unpriced)::float8 as unpriced, sum(cost) as cost,
				coalesce(sum(requests) filter (where regeneration <> ''), 0)::float8 as regenerations,
				coalesce(sum(cost) filter (where regeneration <> ''), 0) as regeneration_cost
			from ${shopCostDays(sql, filters, span)} as parts
			group by day, shop, provider, model, operation, step, status
		) as summed
		order by summed.day, shop, provider, model, operation, step, status`;
}
