/** /api/v1/setups: products that merchants make ready. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';

const at = z.number().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();

const row = named(
	'ProductSetup',
	z.strictObject({
		shop: z.string().describe('Empty where none was named.'),
		productId: z.string(),
		state: z
			.enum(['started', 'unfinished', 'completed', 'abandoned'])
			.describe('`unfinished`: started, and without news for a day.'),
		abandonedAtStep: text,
		startedAt: at.nullable().describe('Begun for the first time.'),
		completedAt: at.nullable().describe('Completed for the last time.'),
		stateAt: at.describe('The latest news, by which the range goes.'),
		begun: z.int().describe('How often it was begun.'),
		images: z.int().describe('Images that were prepared for it.')
	})
);

const filters = {
	shop: z.string().optional().describe('A domain; `(none)` for set-ups that named no shop.'),
	state: z.string().optional().describe('One or more by commas: `started`, `unfinished`, `completed`, `abandoned`.'),
	step: z.string().optional().describe('Abandoned at this step; `(none)` where none was named.'),
	begun: z.enum(['1', '0', 'true', 'false']).optional().describe('Whether it was begun in the range.'),
	begun_in: z
		.string()
		.optional()
		.describe('Begun for the first time between two instants: `2026-11-22T00:00:00Z/2026-11-23T00:00:00Z`.')
};

export const listSetups: Operation = {
	id: 'listSetups',
	method: 'get',
	path: '/api/v1/setups',
	summary: 'Product set-ups, by their latest news',
	parameters: {
		query: z.object({
			...RANGE,
			...filters,
			...paging(500, 50),
			format: z.enum(['json', 'csv']).default('json').describe('`csv`: all that match, as a file.')
		})
	},
	answers: {
		200: {
			description: 'The set-ups.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(row),
					count: z.int().describe('All set-ups that match.'),
					isLeast: z.boolean().describe('They were counted among the 20,000 with the latest news: there may be more.'),
					nextCursor: text
				}),
				'text/csv': z.string().describe('One line a set-up.')
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/setups?from=now-30d&limit=5'
};

const counts = {
	setups: z.int().describe('With news in the range. So are those by their state.'),
	begun: z.int().describe('Of them: begun for the first time in the range.'),
	started: z.int(),
	unfinished: z.int(),
	completed: z.int(),
	abandoned: z.int()
};
const byStretch = z.array(z.int());
const ms = z.number().nullable();

export const sumSetups: Operation = {
	id: 'sumSetups',
	method: 'get',
	path: '/api/v1/setups/summary',
	summary: 'What set-ups come to, and images by method',
	parameters: {
		query: z.object({
			...RANGE,
			...filters,
			method: z.string().optional().describe('Images by this method; `(none)` where none was named.')
		})
	},
	answers: {
		200: json(
			'The sums.',
			named(
				'SetupSums',
				z.strictObject({
					...counts,
					any: z.boolean().describe('Whether there has ever been one.'),
					isLeast: z.boolean().describe('There are more than 20,000, and these are the latest.'),
					medianMs: ms.describe('From the first begin to completion, of the `timed` latest completed.'),
					timed: z.int(),
					unit: z.enum(['quarter', 'hour', 'day', 'week', 'month']).describe('Of the stretches of `series`.'),
					edges: z.array(at).describe('Of the stretches: one more than there are of those.'),
					series: z
						.strictObject({ begun: byStretch, completed: byStretch, abandoned: byStretch })
						.describe('Begun by their first begin, the others by their latest news.'),
					steps: z
						.array(z.strictObject({ value: z.string().describe('Empty for none.'), setups: z.int() }))
						.describe('Where they were abandoned.'),
					shops: z
						.array(z.strictObject({ shop: z.string().describe('Empty for none.'), ...counts }))
						.describe('The 20 with most, as are steps and methods.'),
					inAll: z.strictObject({ steps: z.int(), shops: z.int() }).describe('How many there are.'),
					images: z.strictObject({
						images: z.int().describe('Prepared in the range, whatever the method.'),
						sampled: z.int().describe('So many of the latest say methods and times.'),
						methods: z.array(
							z.strictObject({
								method: z.string().describe('Empty for none.'),
								images: z.int(),
								medianMs: ms,
								p95Ms: ms
							})
						),
						inAll: z.int().describe('How many methods there are.')
					})
				})
			),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/setups/summary?from=now-30d'
};
