/**
 * Sums over any range of time, exact to the millisecond, without reading its history: whole stretches come from the
 * tallies, coarsest first, what the range's ends cut off and what is not in a tally yet from the rows themselves. Each
 * function gives a relation to select from, in which everything in the range is counted exactly once; a row's `at` lies
 * in the stretch that it counts, and never in another bucket of a chart.
 */
export { aiCounts, aiDays, aiParts, shopAiCounts, shopAiDays, shopAiParts } from './ai';
export { bucketOf, DAY_MS, HOUR_MS, ofShop, QUARTER_MS, WEEK_MS, type Span } from './cut';
export { errorCounts, groupErrorCounts, shopErrorCounts } from './errors';
export { eventCounts, eventParts, ofTypes, shopEventCounts, type TypesAsked } from './events';
export { sessionCounts, sessionParts, shopSessionParts, shopSessions, type SessionDimension } from './sessions';
