/**
 * What can be asked of errors, and how each filter becomes a condition: once for the tallies, which count exactly, and
 * once for the rows. Both mean the same errors, so that a number and the rows that it opens agree. `(none)` asks for those
 * without a shop or a step.
 */
import { NONE, wordOf, type FilterValues } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';
import { errorCounts, groupErrorCounts, shopErrorCounts, type Span } from '../tallies';

export const ERROR_FILTERS = {
	shop: 'text',
	severity: 'words',
	step: 'words',
	state: 'words',
	q: 'text',
	group: 'text'
} as const;

/** What the tallies do not know: no sum is made of it. */
const UNCOUNTED = ['device', 'os', 'browser'] as const;
type Uncounted = (typeof UNCOUNTED)[number];

/** Single errors can also be told apart by that. */
export const ERROR_LIST_FILTERS = { ...ERROR_FILTERS, device: 'text', os: 'text', browser: 'text' } as const;

type ErrorFilters = FilterValues<typeof ERROR_FILTERS>;
export type ErrorListFilters = FilterValues<typeof ERROR_LIST_FILTERS>;
/** Filters that the tallies can answer. */
export type CountedFilters = ErrorFilters;

/** The first of these filters that the tallies know nothing of; undefined where they can count all that is asked. */
export function uncounted(filters: Pick<ErrorListFilters, Uncounted>): Uncounted | undefined {
	return UNCOUNTED.find((name) => filters[name] !== null);
}

export interface Stretch {
	from: Millis;
	/** Not in it any more. */
	to: Millis;
}

/** At most so many rows are tried on conditions that have no index. */
export const LOOKED = 20_000;

/** `group_key`, `shop`, `severity`, `step` and `errors`, their number, of what the filters leave. Exact, as the next two. */
export function countedErrors(sql: Sql, range: Stretch, filters: CountedFilters): Fragment {
	return left(sql, errorCounts(sql, spanOf(range, filters)), filters);
}

/** `at`, `group_key`, `severity`, `step` and `errors`. @param edges of the buckets that `at` will be put into */
export function groupedErrors(
	sql: Sql,
	range: Stretch,
	filters: CountedFilters,
	edges: readonly Millis[] = []
): Fragment {
	return left(sql, groupErrorCounts(sql, spanOf(range, filters), edges), filters);
}

/** `shop` and `errors`. */
export function errorsByShop(sql: Sql, range: Stretch, filters: CountedFilters): Fragment {
	if (!asksOfShopsAlone(filters)) return countedErrors(sql, range, filters);
	return shopErrorCounts(sql, spanOf(range, filters));
}

/** Is nothing asked of the errors but of which shop they are? */
export function asksOfShopsAlone({ severity, step, state, q, group }: CountedFilters): boolean {
	return severity.length + step.length + state.length === 0 && q === null && group === null;
}

function spanOf(range: Stretch, { shop }: CountedFilters): Span {
	return { ...range, shop: shop === null ? null : wordOf(shop) };
}

function left(sql: Sql, counted: Fragment, filters: CountedFilters): Fragment {
	return sql`(
		select counted.*
		from ${counted} as counted
		where ${filters.severity.length === 0 ? sql`true` : sql`severity = any(${filters.severity}::text[])`}
			and ${filters.step.length === 0 ? sql`true` : sql`step = any(${filters.step.map(wordOf)}::text[])`}
			and ${ofGroup(sql, filters)}
	)`;
}

/** The errors of a stretch in the order of `occurred_at`, by what has an index: shop and group. Columns as they are. */
export function errorsOf(sql: Sql, { from, to }: Stretch, { shop, group }: CountedFilters): Fragment {
	const inShop = shop === null || shop === NONE ? sql`true` : sql`shop_domain = ${shop}`;
	return sql`
		error_events
		where occurred_at >= ${time(sql, from)} and occurred_at < ${time(sql, to)}
			and ${inShop} and ${group ? sql`group_key = ${group}` : sql`true`}`;
}

/** Condition on the rows of error_events for what has no index: to be tried on at most LOOKED of them. */
export function matches(sql: Sql, filters: ErrorFilters & Partial<ErrorListFilters>): Fragment {
	const { shop, severity, step, device = null, os = null, browser = null } = filters;
	const is = (column: string, value: string | null) =>
		value === null
			? sql`true`
			: value === NONE
				? sql`coalesce(${sql(column)}, '') = ''`
				: sql`key_text(${sql(column)}) = ${value}`;
	return sql`(
		${severity.length === 0 ? sql`true` : sql`key_text(severity) = any(${severity}::text[])`}
		and ${step.length === 0 ? sql`true` : sql`coalesce(key_text(step), '') = any(${step.map(wordOf)}::text[])`}
		and ${shop === NONE ? sql`coalesce(shop_domain, '') = ''` : sql`true`}
		and ${is('device_type', device)} and ${is('os', os)} and ${is('browser', browser)}
		and ${ofGroup(sql, { ...filters, group: null })}
	)`;
}

/** Whether any filter is asked for that has no index. */
export function needsLooking(filters: ErrorFilters & Partial<ErrorListFilters>): boolean {
	const { shop, severity, step, state, q, device, os, browser } = filters;
	return shop === NONE || severity.length + step.length + state.length > 0 || [q, device, os, browser].some(Boolean);
}

/**
 * What is said of a group, and what it is called: a column `group_key` is asked. The latest message can be of any shop, so
 * it is asked only where errors of all shops are.
 */
function ofGroup(sql: Sql, { state, q, group, shop }: CountedFilters): Fragment {
	const message = shop === null ? sql`known.last_lww[4]` : sql`null`;
	const itself = group === null ? sql`true` : sql`group_key = ${group}`;
	if (state.length === 0 && q === null) return itself;
	return sql`(${itself} and group_key in (
		select known.group_key
		from error_groups as known
		where ${state.length === 0 ? sql`true` : sql`known.state = any(${state}::text[])`}
			and ${
				q === null
					? sql`true`
					: sql`strpos(lower(concat_ws(' ', known.error_code, known.message_shape, ${message})), lower(${q})) > 0`
			}
	))`;
}
