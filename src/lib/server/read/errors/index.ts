/** What the pages about errors read: groups, single errors, one group, and how much it is in all. */
import type { Scope } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { errorGroup } from './group';
import { ERROR_GROUP_FILTERS, errorGroups, type ErrorGroupsAsked } from './groups';
import { shopWith } from './known';
import { countErrors, errorList, type ErrorListAsked, type ErrorsOf } from './list';
import { errorOverview, type ErrorOverviewAsked } from './overview';
import { ERROR_LIST_FILTERS, uncounted, type Stretch } from './questions';

/**
 * @param sql a pool that commits do not need
 * @param sums the same for what adds up tallies
 */
export function errors(sql: Sql, sums: Sql = sql) {
	return {
		/** What groups and single errors can be asked for. */
		filters: { groups: ERROR_GROUP_FILTERS, list: ERROR_LIST_FILTERS },
		uncounted,
		overview: (asked: ErrorOverviewAsked) => errorOverview(sums, asked),
		groups: (asked: ErrorGroupsAsked) => errorGroups(sums, asked),
		shopWith: (group: string, shops: readonly string[]) => shopWith(sql, group, shops),
		list: (asked: ErrorListAsked) => errorList(sql, asked),
		count: (asked: ErrorsOf) => countErrors(uncounted(asked.filters) === undefined ? sums : sql, asked),
		/** @param isWhole whether all shops are named rather than those with most errors */
		group: (group: string, range: Stretch, now: Millis, scope: Scope['scope'], isWhole = false) =>
			errorGroup(sql, group, range, now, scope, isWhole)
	};
}
