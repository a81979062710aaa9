/** What the page about events reads: the log, how many of which type there were, and what their fields say. */
import type { Buckets, Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { fieldNames, fieldValues } from './fields';
import { eventList, eventPage, type EventsAsked } from './list';
import { EVENT_FILTERS, type EventFilters, type Stretch } from './questions';
import { eventSeries, eventShops, eventTypes, isExactSeries } from './series';

/**
 * @param sql a pool that commits do not need
 * @param sums one for what is counted by tallies
 */
export function events(sql: Sql, sums: Sql = sql) {
	return {
		filters: EVENT_FILTERS,
		list: (asked: EventsAsked) => eventList(sql, asked, sums),
		page: (asked: EventsAsked) => eventPage(sql, asked),
		/** @param isWhole whether all are named rather than those with most events; so in the next, and of fields and values */
		types: (range: Stretch, shop: string | null, times: Buckets, scope: Scope['scope'], isWhole = false) =>
			eventTypes(sums, range, shop, times, scope, isWhole),
		shops: (range: Stretch, types: readonly string[], shop: string | null, isWhole = false) =>
			eventShops(sums, range, types, shop, isWhole),
		series: (range: Stretch, filters: EventFilters, times: Buckets) =>
			eventSeries(isExactSeries(filters) ? sums : sql, range, filters, times),
		fieldNames: (range: Stretch, filters: EventFilters, isWhole = false) => fieldNames(sql, range, filters, isWhole),
		fieldValues: (range: Stretch, filters: EventFilters, field: string, isWhole = false) =>
			fieldValues(sql, range, filters, field, isWhole)
	};
}
