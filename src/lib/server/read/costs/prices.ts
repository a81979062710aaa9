/**
 * The table of prices, what people said of it, and what it makes of requests that came without a cost. A price counts
 * for requests of its UTC day and later; of those that fit, the one for the model and operation stands before the one
 * for the model, that before the one for the operation, and that before the provider's. What is estimated is never
 * added to what was measured.
 */
import { PRICE_SET } from '../../../events/vocabulary';
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { beginning, decimal, millis, type Fragment } from '../columns';
import { costDays, type CostFilters } from './parts';
import type { Span } from '../tallies';

const MOST_PRICES = 1_000;
const MOST_GAPS = 20;
/** Of the latest events of that type; a client may send such events too, which set nothing and are not among them. */
const EVENTS_LOOKED_AT = 2_000;
const MOST_CHANGES = 50;
const READ_LIMIT_MS = 10_000;

export interface Price {
	provider: string;
	/** '' for any. */
	model: string;
	operation: string;
	/** A UTC day: 2026-11-22. */
	validFrom: string;
	priceUsd: Decimal;
	setBy: string | null;
	setAt: Millis | null;
}

export interface PriceChange {
	id: string;
	at: Millis;
	provider: string;
	model: string;
	operation: string;
	validFrom: string;
	/** null where a price was taken back. */
	priceUsd: string | null;
	by: string | null;
}

export interface Estimate {
	/** Successful requests that did not say what they cost and that a price fits. */
	requests: number;
	cost: Decimal;
	/** Those that no price fits. */
	withoutPrice: number;
}

/** What requests lack a price, by what a price is for. */
export interface Gap {
	provider: string;
	model: string;
	operation: string;
	requests: number;
}

/** What the requests of a span that came without a cost are estimated to have cost. */
export async function estimate(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Promise<Estimate> {
	const [row] = await sql<Estimate[]>`
		select requests, ${decimal(sql, 'cost')} as cost, without_price as "withoutPrice"
		from (
			select
				coalesce(sum(unpriced) filter (where price_usd is not null), 0)::float8 as requests,
				coalesce(sum(unpriced * price_usd), 0) as cost,
				coalesce(sum(unpriced) filter (where price_usd is null), 0)::float8 as without_price
			from ${unpriced(sql, costDays(sql, filters, span))} as priced
		) as summed`;
	return row ?? { requests: 0, cost: '0', withoutPrice: 0 };
}

/** What no price fits in a span, most requests first. */
async function gaps(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Promise<Gap[]> {
	return sql<Gap[]>`
		select provider, model, operation, sum(unpriced)::float8 as requests
		from ${unpriced(sql, costDays(sql, filters, span))} as priced
		where price_usd is null
		group by provider, model, operation
		order by requests desc, provider, model, operation
		limit ${MOST_GAPS}`;
}

/** Of parts of the tallies: successful requests without a cost, by day and what was asked of whom, with their price. */
export function unpriced(sql: Sql, parts: Fragment): Fragment {
	return sql`(
		select asked.*, price_usd
		from (
			select day, provider, model, operation, sum(unpriced) as unpriced
			from ${parts} as parts
			where status = 'success' and unpriced > 0
			group by day, provider, model, operation
		) as asked
		left join lateral (
			${priceOf(sql, sql`asked.provider, asked.model, asked.operation, asked.day`)}
		) as price on true
	)`;
}

/** `price_usd` of the price that fits. @param asked SQL of the provider, the model, the operation and the time */
export function priceOf(sql: Sql, asked: Fragment): Fragment {
	return sql`
		select price_usd
		from prices, (select ${asked}) as asked (provider, model, operation, at)
		where prices.provider = asked.provider and prices.model in ('', asked.model)
			and prices.operation in ('', asked.operation) and prices.price_usd is not null
			and valid_from <= (asked.at at time zone 'UTC')::date
		order by prices.model <> '' desc, prices.operation <> '' desc, valid_from desc
		limit 1`;
}

/** The prices that stand, in the order in which they are looked for. */
async function list(sql: Sql): Promise<Price[]> {
	return sql<Price[]>`
		select
			provider, model, operation, to_char(valid_from, 'YYYY-MM-DD') as "validFrom", ${decimal(sql, 'price_usd')} as "priceUsd",
			${beginning(sql, 'set_by', 100)} as "setBy", ${millis(sql, 'set_at')} as "setAt"
		from prices
		where price_usd is not null
		order by provider, model <> '' desc, model, operation <> '' desc, operation, valid_from desc
		limit ${MOST_PRICES}`;
}

/** What people said of prices, the latest first. */
async function history(sql: Sql): Promise<PriceChange[]> {
	return sql<PriceChange[]>`
		select
			id, ${millis(sql, 'server_timestamp')} as at, coalesce(data ->> 'provider', '') as provider,
			coalesce(data ->> 'model', '') as model, coalesce(data ->> 'operation', '') as operation,
			coalesce(data ->> 'validFrom', '') as "validFrom", data ->> 'priceUsd' as "priceUsd", left(data ->> 'by', 100) as by
		from (
			select id, server_timestamp, data, ip
			from analytics_events
			where event_type = ${PRICE_SET} and ip is null
			order by server_timestamp desc
			limit ${EVENTS_LOOKED_AT}
		) as latest
		order by server_timestamp desc, id
		limit ${MOST_CHANGES}`;
}

/** What the page about prices reads. */
export function prices(sql: Sql) {
	const limited = <T>(work: PromiseLike<T>) => within(READ_LIMIT_MS, work);
	return {
		list: () => limited(list(sql)),
		history: () => limited(history(sql)),
		gaps: (filters: CostFilters, span: Pick<Span, 'from' | 'to'>) => limited(gaps(sql, filters, span))
	};
}
