/** /api/v1/journey: the funnel. */
import { z } from 'zod';
import { STEPS } from '../../../events/vocabulary';
import { failures, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { RANGE } from '../parameters';
import { named } from '../schemas';

const time = z.iso.datetime();
const count = z.int().min(0);
const ratio = z.number().min(0).nullable();
const milliseconds = z.int().min(0).nullable();

const stage = named(
	'JourneyStage',
	z.strictObject({
		key: z.enum(['impressions', 'clicks', 'sessions', ...STEPS, 'completed', 'carts']),
		count: count.nullable().describe('null where it is not known: events of the button by device or product.'),
		ofPrevious: ratio.describe('A part of the stage before.'),
		ofFirst: ratio.describe('A part of the impressions for the button, of the sessions for all others.'),
		active: count.nullable().describe('Sessions in progress that came here and not further.'),
		left: z.int().nullable().describe('Sessions that are over and came here and not further.'),
		countBefore: count.nullable().describe('The same stage in the range before, which is as long.'),
		ofPreviousBefore: ratio
	})
);

const parts = z
	.array(
		named(
			'JourneyPart',
			z.strictObject({
				value: z.string().nullable().describe('Empty for none; null for all that are not listed.'),
				values: count.describe('How many values the row stands for.'),
				sessions: count,
				active: count,
				completed: count,
				carts: count,
				reached: z.array(count).length(STEPS.length).describe('Sessions that came at least to each of the five steps.')
			})
		)
	)
	.describe('Those with most sessions first: ten, and the rest as one.');

export const readJourney: Operation = {
	id: 'readJourney',
	method: 'get',
	path: '/api/v1/journey',
	summary: 'How far shoppers come',
	description:
		'From the first button to the cart, for sessions that started in the range. Impressions and clicks are events by the time the server got them. `(none)` as a filter stands for sessions without such a word.\n\nAs CSV the funnel as a whole and of each device, shop and product.',
	parameters: {
		query: z.object({
			...RANGE,
			shop: z.string().optional(),
			device: z.string().optional(),
			product: z.string().optional().describe('The whole title, or the id of a product without one.'),
			format: z.enum(['json', 'csv']).default('json')
		})
	},
	sample: '/api/v1/journey?from=now-7d',
	answers: {
		200: {
			description: 'The funnel and its parts, or these as CSV.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					range: z.strictObject({ from: time, to: time }),
					stages: z.array(stage),
					exits: z
						.array(
							z.strictObject({
								step: z.string().describe('Empty where none was told.'),
								reason: z.string().nullable().describe('null for all that are not listed.'),
								reasons: count,
								sessions: count,
								ofStep: count
							})
						)
						.describe('Where and why sessions were left that are over and were not completed.'),
					postAr: z.array(
						z.strictObject({
							action: z.string().nullable().describe('Empty where nothing was told; null for all that are not listed.'),
							actions: count,
							sessions: count
						})
					),
					splits: z.strictObject({ device: parts, shop: parts, product: parts }),
					steps: z.strictObject({
						sessions: count.describe('How many were measured: the latest of the range that are over.'),
						most: count,
						steps: z.array(
							z.strictObject({
								step: z.string(),
								sessions: count,
								failed: count,
								redone: count,
								retakes: count,
								maskEdits: count,
								adjustments: count,
								regenerations: count,
								measured: count,
								medianMs: milliseconds,
								p95Ms: milliseconds
							})
						)
					}),
					lookedAt: z
						.strictObject({ sessions: count, backTo: time.nullable(), isCut: z.boolean() })
						.nullable()
						.describe('How many sessions a filter by device or product was tried on; null without one.')
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};
