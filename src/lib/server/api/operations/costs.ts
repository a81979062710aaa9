/** /api/v1/costs and the table of prices. */
import { z } from 'zod';
import { failures, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';

const time = z.iso.datetime();
const dollars = z
	.string()
	.regex(/^-?\d+(\.\d+)?$/)
	.describe('US dollars, exact.');
const count = z.int().min(0);
const format = z.enum(['json', 'csv']).default('json');
const word = z.string().optional();

const spent = {
	requests: count,
	unpriced: count.describe('Requests that did not say what they cost.'),
	cost: dollars.describe('US dollars, exact: the sum of what the requests said that they cost.'),
	costBefore: dollars.describe('The same in the range before, which is as long.'),
	requestsBefore: count,
	failed: count.describe('Requests that failed or timed out.'),
	failedCost: dollars,
	regenerations: count,
	regenerationCost: dollars,
	failedRegenerationCost: dollars.describe('What is in both `failedCost` and `regenerationCost`.')
};

const split = z
	.array(
		named(
			'CostSplitRow',
			z.strictObject({
				word: z.string().nullable().describe('Empty for requests without one; null for all that are not listed.'),
				words: count.describe('How many words the row stands for.'),
				...spent
			})
		)
	)
	.describe('Dearest first: ten, and the rest as one.');

const forecast = z
	.strictObject({
		since: time.nullable().describe('The first AI request of all.'),
		monthFrom: time,
		monthTo: time,
		soFar: dollars,
		days: count.describe('How many full days `perDay` is the mean of: seven at most.'),
		perDay: dollars.nullable(),
		daysLeft: z.number(),
		total: dollars.nullable().describe('`soFar` + `perDay` × `daysLeft`; null before a full day is known.')
	})
	.describe('Of the month in the zone that `now` is in, whatever the range.');

const sessions = z
	.strictObject({
		sessions: count,
		completed: count,
		active: count,
		cost: dollars.describe('All that sessions ever cost that started in the range.'),
		perSession: dollars.nullable(),
		perCompleted: dollars.nullable().describe('`cost` ÷ `completed`.'),
		lost: count.describe('Sessions that are over and were not completed.'),
		lostCost: dollars,
		lostByExit: z.array(
			z.strictObject({
				exit: z.string().nullable().describe('JSON of the step and the reason; null for all that are not listed.'),
				exits: count,
				sessions: count,
				cost: dollars
			})
		)
	})
	.nullable()
	.describe('null where requests are filtered by their words: what sessions cost is not split by these.');

export const readCosts: Operation = {
	id: 'readCosts',
	method: 'get',
	path: '/api/v1/costs',
	summary: 'What AI requests cost',
	description:
		'Sums of what AI requests said that they cost, by the time of the request. `(none)` as a filter stands for requests without such a word.\n\nAs CSV a row each UTC day and combination of words, streamed.',
	parameters: {
		query: z.object({
			...RANGE,
			shop: word,
			provider: word,
			model: word,
			operation: word,
			step: word,
			status: word.meta({ examples: ['success', 'failed', 'timeout', 'pending'] }),
			tz: z.string().optional().describe('The time zone of months and days, such as `Europe/Berlin`.'),
			format
		})
	},
	sample: '/api/v1/costs?from=now-7d',
	answers: {
		200: {
			description: 'The sums, or their rows as CSV.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					range: z.strictObject({ from: time, to: time }),
					total: z.strictObject(spent),
					estimate: z
						.strictObject({
							requests: count,
							cost: dollars,
							withoutPrice: count.describe('Such requests that no price fits.')
						})
						.describe('Successful requests without a cost × the price of their day. In no other sum.'),
					forecast,
					splits: z.strictObject({
						shop: split,
						provider: split,
						model: split,
						operation: split,
						step: split,
						status: split,
						regeneration: split
					}),
					series: z
						.strictObject({
							zone: z.string().describe('Where days begin.'),
							unit: z.enum(['quarter', 'hour', 'day', 'week', 'month']),
							edges: z.array(time).describe('One more than there are values.'),
							failed: z.array(dollars),
							regenerated: z.array(dollars).describe('Regenerations that did not fail.'),
							rest: z.array(dollars)
						})
						.describe('Each cent once.'),
					sessions
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

export const listPrices: Operation = {
	id: 'listPrices',
	method: 'get',
	path: '/api/v1/prices',
	summary: 'Prices of AI requests',
	description:
		'By which requests are estimated that came without a cost. Of those that fit the one for model and operation counts, then for the model, the operation, the provider.',
	parameters: { query: z.object({ format }) },
	answers: {
		200: {
			description: 'The prices that stand.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(
						z.strictObject({
							provider: z.string(),
							model: z.string().describe('Empty for any.'),
							operation: z.string().describe('Empty for any.'),
							validFrom: z.iso.date().describe('From this UTC day on.'),
							priceUsd: dollars,
							setBy: z.string().nullable(),
							setAt: time.nullable()
						})
					)
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

const text = z.string().nullable();
const at = z.number().describe('Milliseconds since 1970, UTC.');

const request = named(
	'AiRequestRow',
	z.strictObject({
		id: z.string(),
		requestId: text.describe('The client’s own.'),
		at,
		sessionId: text,
		shop: text,
		provider: text,
		model: text,
		operation: text,
		step: text,
		status: text,
		durationMs: z.number().nullable(),
		cost: dollars.nullable().describe('As it was told.'),
		estimate: dollars.nullable().describe('The price of its day, of a successful request whose cost nobody told.'),
		isRegeneration: z.boolean().nullable(),
		reason: text.describe('Why it was a regeneration.'),
		error: text
	})
);

export const listAiRequests: Operation = {
	id: 'listAiRequests',
	method: 'get',
	path: '/api/v1/ai-requests',
	summary: 'AI requests of a range, one by one, newest first',
	description: 'What the sums about costs count. `(none)` as a filter stands for requests without such a word.',
	parameters: {
		query: z.object({
			...RANGE,
			shop: word,
			provider: word,
			model: word,
			operation: word,
			step: word,
			status: word
				.describe('One or more by commas; with a minus: not that one.')
				.meta({ examples: ['failed,timeout', '-failed,-timeout'] }),
			regeneration: z.enum(['1', '0', 'true', 'false']).optional().describe('Whether it repeats another request.'),
			reason: word.describe('Why it was a regeneration.'),
			cost: z
				.enum(['told', 'not_told', 'estimated', 'no_price'])
				.optional()
				.describe(
					'Of successful requests without a cost: those that a price fits (`estimated`), and those that none does.'
				),
			cost_over: dollars.optional().describe('Told to have cost more US dollars than that.'),
			session: word.describe('The id of the session.'),
			...paging(500, 50),
			format
		})
	},
	sample: '/api/v1/ai-requests?from=now-24h&limit=5',
	answers: {
		200: {
			description: 'The requests.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(request),
					count: count.describe('All that match.'),
					cost: dollars.describe('The sum of what all that match said that they cost.'),
					isLeast: z.boolean().describe('There may be more: `count` and `cost` are of the latest 20,000 of the range.'),
					lookedTo: at
						.nullable()
						.describe('Where looking for matches stopped before the page was full: `nextCursor` goes on from there.'),
					nextCursor: text
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};
