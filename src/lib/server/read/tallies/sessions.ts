/** Sessions of a span by the time they started: ended ones from `session_tallies`, those in progress from their own rows. */
import type { Millis } from '../../../live/messages';
import { ENDED_WORDS, SESSION_MEASURES, SESSION_WORDS } from '../../projections/measures';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';
import { cascade, DAY_MS, HOUR_MS, measured, ofShop, QUARTER_MS, WEEK_MS, type Grain, type Span } from './cut';

/** By what sessions can be split. `exit` and `post_ar` are known of ended sessions alone. */
export type SessionDimension = 'device' | 'product' | 'exit' | 'post_ar';

/** Dimensions of the tally that say how many sessions there were, each over how long. A day's devices are all of its sessions. */
const OF_ALL = [['all_device', DAY_MS], ['all', QUARTER_MS]] as const; // prettier-ignore
const OF_SHOP = [['shop_week', WEEK_MS], ['shop_day', DAY_MS], ['shop_hour', HOUR_MS], ['shop', QUARTER_MS]] as const; // prettier-ignore
/** And how they were split, over all shops. */
const SPLIT: Readonly<Record<SessionDimension, readonly Grain[]>> = {
	device: [
		['all_device', DAY_MS],
		['all_device_hour', HOUR_MS]
	],
	exit: [
		['all_exit_week', WEEK_MS],
		['all_exit', DAY_MS],
		['all_exit_hour', HOUR_MS]
	],
	post_ar: [
		['all_post_ar', DAY_MS],
		['all_post_ar_hour', HOUR_MS]
	],
	product: [['all_product', WEEK_MS], ['product', DAY_MS]] // prettier-ignore
};

/**
 * `at`, the measures of a session (see SESSION_MEASURES), and `active`: sessions in progress.
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function sessionCounts(sql: Sql, span: Span, edges: readonly Millis[] = []): Fragment {
	const grains = span.shop === null ? OF_ALL : OF_SHOP;
	return counted(sql, span, grains, edges, sql`bucket as at`, sql`started_at as at`);
}

/**
 * `shop` ('' for none), `at`, the measures of a session, and `active`.
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function shopSessions(sql: Sql, span: Span, edges: readonly Millis[] = []): Fragment {
	const row = sql`coalesce(shop_domain, '') as shop, started_at as at`;
	return counted(sql, span, OF_SHOP, edges, sql`shop, bucket as at`, row);
}

/** `value` of the dimension, the measures of a session, and `active`. */
export function sessionParts(sql: Sql, dimension: SessionDimension, span: Span): Fragment {
	const grains: readonly Grain[] = span.shop === null ? SPLIT[dimension] : [[dimension, DAY_MS]];
	const word = sql`${sql.unsafe(ENDED_WORDS[dimension])} as value`;
	return counted(sql, span, grains, [], sql`value`, word, dimension in SESSION_WORDS);
}

/** `shop` and `value` of the dimension, the measures of a session, and `active`. */
export function shopSessionParts(sql: Sql, dimension: keyof typeof SESSION_WORDS, span: Span): Fragment {
	const word = sql.unsafe(ENDED_WORDS[dimension]);
	const row = sql`coalesce(shop_domain, '') as shop, ${word} as value`;
	return counted(sql, span, [[dimension, DAY_MS]], [], sql`shop, value`, row);
}

/**
 * @param tallied the columns before the measures, of the tally
 * @param row the same of a session
 * @param withActive sessions in progress too
 */
function counted(
	sql: Sql,
	span: Span,
	grains: readonly Grain[],
	edges: readonly Millis[],
	tallied: Fragment,
	row: Fragment,
	withActive = true
): Fragment {
	const names = sql.unsafe(Object.keys(SESSION_MEASURES).join(', '));
	const rows = sql`${row}, ${measured(sql, SESSION_MEASURES)}`;
	const active = sql`
		union all
		select ${rows}, 1 from sessions
		where status = 'in_progress' and started_at >= ${time(sql, span.from)} and started_at < ${time(sql, span.to)}
			and ${ofShop(sql, span.shop)}`;
	const ended = cascade(
		sql,
		span,
		'started_at',
		grains,
		edges,
		(dimension, inBucket) => {
			const isOfAll = dimension.startsWith('all');
			const ofOne = isOfAll ? sql`shop = ''` : span.shop === null ? sql`true` : sql`shop = ${span.shop}`;
			return sql`
				select ${tallied}, ${names}, 0 as active from session_tallies
				where dimension = ${dimension} and ${inBucket} and ${ofOne}`;
		},
		(inEnd) => sql`
			select ${rows}, 0 as active from sessions
			where status <> 'in_progress' and ${inEnd} and ${ofShop(sql, span.shop)}`
	);
	return withActive ? sql`(${ended} ${active})` : ended;
}
