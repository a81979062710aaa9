/** What the page about events reads: the log, how many of which type there were, and what their fields say. */
import type { Buckets } from '../../../query';
import type { Sql } from '../../db/connect';
import { fieldNames, fieldValues } from './fields';
import { eventList, eventPage, type EventsAsked } from './list';
import { EVENT_FILTERS, type EventFilters, type Stretch } from './questions';
import { eventSeries, eventShops, eventTypes } from './series';

/** @param sql a pool that commits do not need */
export function events(sql: Sql) {
	return {
		filters: EVENT_FILTERS,
		list: (asked: EventsAsked) => eventList(sql, asked),
		page: (asked: EventsAsked) => eventPage(sql, asked),
		types: (range: Stretch, shop: string | null, times: Buckets) => eventTypes(sql, range, shop, times),
		shops: (range: Stretch, types: readonly string[], shop: string | null) => eventShops(sql, range, types, shop),
		series: (range: Stretch, filters: EventFilters, times: Buckets) => eventSeries(sql, range, filters, times),
		fieldNames: (range: Stretch, filters: EventFilters) => fieldNames(sql, range, filters),
		fieldValues: (range: Stretch, filters: EventFilters, field: string) => fieldValues(sql, range, filters, field)
	};
}
