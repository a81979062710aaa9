/** /api/v1/shops, the shops with their figures. */
import { z } from 'zod';
import { failures, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';
import { sessionCard } from './sessions';

const millis = z.int().describe('Milliseconds since 1970, UTC.');
const flag = z.enum(['1', '0', 'true', 'false']).optional();

const dollars = z.string().regex(/^\d+(\.\d+)?$/);

const figures = {
	sessions: z.int().describe('Started in the range.'),
	inProgress: z.int().describe('Of them, those that have not ended.'),
	completed: z.int().describe('Of them.'),
	cost: dollars.describe('Of AI requests in the range, in US dollars, exact.'),
	errors: z.int().describe('Error events in the range.')
};

const attention = z
	.union([
		z.strictObject({ why: z.literal('quiet'), activeDays: z.int().describe('Of the 7 days before.') }),
		z.strictObject({ why: z.literal('success'), now: z.number(), before: z.number() }),
		z.strictObject({ why: z.literal('errors'), now: z.number(), before: z.number().describe('A day.') }),
		z.strictObject({ why: z.literal('set-up'), setups: z.int() })
	])
	.describe('Why it needs attention now, whatever the range.');

const row = named(
	'Shop',
	z.strictObject({
		domain: z.string(),
		...figures,
		firstSeenAt: millis,
		lastSessionAt: millis.nullable(),
		attention: z.array(attention),
		trend: z.array(z.int()).describe('Sessions, by the stretches between `edges`.')
	})
);

export const listShops: Operation = {
	id: 'listShops',
	method: 'get',
	path: '/api/v1/shops',
	summary: 'Shops with their figures',
	description:
		'Every shop that an event has named, with its figures of the range.\n\nAs CSV it is the whole list, streamed, and `cursor` and `limit` mean nothing.',
	parameters: {
		query: z.object({
			...RANGE,
			q: z.string().optional().describe('A part of the domain.'),
			attention: flag.describe('Those that need attention, or those that don’t.'),
			active: flag.describe('Those of which a session started in the range, or those without.'),
			sort: z.enum(['sessions', 'attention']).default('sessions'),
			...paging(500, 50),
			format: z.enum(['json', 'csv']).default('json')
		})
	},
	sample: '/api/v1/shops?from=now-7d',
	answers: {
		200: {
			description: 'A page of the list, or all of it as CSV.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(row),
					edges: z
						.array(millis)
						.describe(
							'Of the stretches of `trend`, one more than there are of those: hours, UTC days or weeks, cut off where the range begins and ends.'
						),
					count: z.int().describe('Shops that match.'),
					active: z.int().describe('Of them: with a session that started in the range.'),
					inNeed: z.int().describe('Of them: that need attention.'),
					isLeast: z.boolean().describe('There are more shops than are looked at.'),
					total: z.strictObject(figures).describe('Of everything in the range, whatever the filters.'),
					unnamed: z.strictObject(figures).describe('Of what named no shop.'),
					nextCursor: z.string().nullable().describe('The `cursor` of the next page; null when this is the last.')
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

const part = z.strictObject({
	value: z.string().describe('Empty where none was told.'),
	sessions: z.int(),
	inProgress: z.int(),
	completed: z.int()
});

const page = named(
	'ShopPage',
	z.strictObject({
		domain: z.string(),
		firstSeenAt: millis,
		lastSessionAt: millis.nullable(),
		attention: z.array(attention),
		cost: figures.cost,
		unit: z.enum(['quarter', 'hour', 'day', 'week', 'month']).describe('Of the stretches.'),
		edges: z.array(millis).describe('Of the stretches: one more than there are of those.'),
		series: z
			.array(
				z.strictObject({
					sessions: z.int().describe('That started then. So are the next three.'),
					inProgress: z.int(),
					completed: z.int(),
					abandoned: z.int(),
					cost: dollars.describe('Of AI requests, in US dollars, exact.'),
					errors: z.int()
				})
			)
			.describe('By stretch: together they are the figures of the range.'),
		devices: z.array(part).describe('The 15 with most sessions, as are products.'),
		products: z.array(part),
		latest: z.array(sessionCard).describe('The 10 sessions of the range that started last.'),
		errors: z
			.array(
				z.strictObject({
					group: z.string(),
					code: z.string().nullable(),
					message: z.string().nullable().describe('Without addresses, ids and numbers.'),
					severity: z.string().describe('That most of them had.'),
					errors: z.int()
				})
			)
			.describe('The 10 groups with most errors in the range.'),
		setups: z
			.array(
				z.strictObject({
					productId: z.string().describe('Empty for none.'),
					state: z
						.enum(['started', 'unfinished', 'completed', 'abandoned'])
						.nullable()
						.describe('Null where nothing but images was told of.'),
					stateAt: millis.nullable(),
					abandonedAtStep: z.string().nullable()
				})
			)
			.describe('The 10 with the latest news, whatever the range.'),
		inAll: z
			.strictObject({ devices: z.int(), products: z.int(), errors: z.int().describe('Groups of them.') })
			.describe('How many there are in the range.'),
		moreSetups: z.boolean().describe('Whether there are more than those.')
	})
);

export const readShop: Operation = {
	id: 'readShop',
	method: 'get',
	path: '/api/v1/shops/{domain}',
	summary: 'One shop over time',
	description: 'What its page shows.\n\nAs CSV its figures, one line a stretch of time.',
	parameters: {
		path: z.object({ domain: z.string() }),
		query: z.object({ ...RANGE, format: z.enum(['json', 'csv']).default('json') })
	},
	// There is no shop that everybody has.
	sample: null,
	answers: {
		200: {
			description: 'The shop, or its figures over time as CSV.',
			headers: UNCACHED,
			content: { 'application/json': page, 'text/csv': z.string() }
		},
		...failures(['invalid_query', 'not_found', 'method_not_allowed'])
	}
};
