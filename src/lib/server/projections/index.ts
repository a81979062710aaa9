/**
 * The ordered list of projections: every table that is a fold of the log.
 *
 * Each is a piece of one SQL statement: common table expressions that read `fresh` (the events to fold, each with its
 * `stamp`) and merge them into their table. A later one may read the changes that an earlier one returned. The same text
 * serves live commits, where `fresh` is what the log really inserted, and rebuilds, where it is a range of the log.
 */
import { aiRequests } from './ai-requests';
import { aiPartTallies, aiTallies } from './ai-tallies';
import { errorGroups } from './error-groups';
import { errorGroupSessions, errorGroupShops, errorSessionTallies, errorTallies, errorTotalTallies } from './error-tallies'; // prettier-ignore
import { errors } from './errors';
import { eventTallies } from './event-tallies';
import type { Expected } from './expected';
import type { Projection } from './merge';
import { prices } from './prices';
import { productSetups } from './product-setups';
import { sessionSteps } from './session-steps';
import { sessionTallies } from './session-tallies';
import { sessions } from './sessions';
import { shops } from './shops';

export const projections: readonly Projection[] = [
	errors,
	sessionSteps,
	aiRequests,
	sessions,
	shops,
	errorGroups,
	errorGroupSessions,
	errorGroupShops,
	productSetups,
	prices,
	sessionTallies,
	aiTallies,
	aiPartTallies,
	errorTallies,
	errorTotalTallies,
	errorSessionTallies,
	// Last: all writers meet in its rows, and should hold them briefly.
	eventTallies
];

/** All merges of the expected events, to be put behind the definition of `fresh`. */
export function mergeAll(expected: Expected): string {
	return projections.flatMap(({ merge }) => merge(expected) ?? []).join(',\n');
}
