/** What the pages about errors read: groups, single errors, one group, and how much it is in all. */
import type { Buckets } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { errorGroup } from './group';
import { ERROR_GROUP_FILTERS, errorGroups, type ErrorGroupsAsked } from './groups';
import { errorList, type ErrorListAsked } from './list';
import { errorOverview } from './overview';
import { ERROR_LIST_FILTERS, type CountedFilters, type Stretch } from './questions';

/** @param sql a pool that commits do not need */
export function errors(sql: Sql) {
	return {
		/** What groups and single errors can be asked for. */
		filters: { groups: ERROR_GROUP_FILTERS, list: ERROR_LIST_FILTERS },
		overview: (range: Stretch, filters: CountedFilters, times: Buckets) => errorOverview(sql, range, filters, times),
		groups: (asked: ErrorGroupsAsked) => errorGroups(sql, asked),
		list: (asked: ErrorListAsked) => errorList(sql, asked),
		group: (group: string, range: Stretch, now: Millis) => errorGroup(sql, group, range, now)
	};
}
