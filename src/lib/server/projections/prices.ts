/**
 * `prices`: what AI requests cost that came without a cost. A price is set by an event of the server's own; a client's
 * event of that type is saved like any other and sets nothing. Of several for the same day the latest stands, and one
 * without an amount takes the price back.
 */
import { PRICE_SET } from '../../events/vocabulary';
import { asNumeric, field, mergeStatement, SERVER_MADE, stamped, type Projection } from './merge';

const set = (events: string) => `
	select
		key_text(data ->> 'provider') as provider, coalesce(key_text(data ->> 'model'), '') as model,
		coalesce(key_text(data ->> 'operation'), '') as operation,
		(iso_time((data ->> 'validFrom') || 'T00:00:00Z') at time zone 'UTC')::date as valid_from,
		max(array[stamp, json_number(data -> 'priceUsd')::text, data ->> 'by']) as price_lww
	from ${events}
	where event_type = '${PRICE_SET}' and ${SERVER_MADE} and data ->> 'provider' is not null
		and iso_time((data ->> 'validFrom') || 'T00:00:00Z') is not null
	group by 1, 2, 3, 4`;

const mergeFrom = (incoming: string) =>
	mergeStatement({
		table: 'prices',
		key: ['provider', 'model', 'operation', 'valid_from'],
		incoming,
		merged: { price_lww: 'latest' },
		derived: {
			price_usd: field('price_lww', 2, asNumeric),
			set_by: field('price_lww', 3),
			set_at: field('price_lww', 1, (stamp) => `stamp_time(${stamp})`)
		},
		scratch: {},
		returning: 'provider'
	});

const merge = `
prices_merge as (${mergeFrom(set('fresh'))}
)`;

const mend = [
	`
	delete from prices as stored
	using (${set('forgotten_events')}) as gone
	where (stored.provider, stored.model, stored.operation, stored.valid_from)
		= (gone.provider, gone.model, gone.operation, gone.valid_from)`,
	mergeFrom(`
		select remaining.*
		from (${set(stamped(`event_type = '${PRICE_SET}'`))}) as remaining
		join (${set('forgotten_events')}) as gone using (provider, model, operation, valid_from)`)
];

export const prices: Projection = {
	table: 'prices',
	scratch: [],
	merge: (expected) => (expected.prices ? merge : null),
	unfold: { takeOut: null, mend: (expected) => (expected.prices ? mend : []) }
};
