/** /api/v1/setups: products that merchants make ready. */
import { z } from 'zod';
import { failures, UNCACHED } from '../answers';
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

export const listSetups: Operation = {
	id: 'listSetups',
	method: 'get',
	path: '/api/v1/setups',
	summary: 'Product set-ups, by their latest news',
	parameters: {
		query: z.object({
			...RANGE,
			shop: z.string().optional().describe('A domain; `(none)` for set-ups that named no shop.'),
			state: z
				.string()
				.optional()
				.describe('One or more by commas: `started`, `unfinished`, `completed`, `abandoned`.'),
			step: z.string().optional().describe('Abandoned at this step; `(none)` where none was named.'),
			begun: z.enum(['1', '0', 'true', 'false']).optional().describe('Whether it was begun in the range.'),
			begun_in: z
				.string()
				.optional()
				.describe('Begun for the first time between two instants: `2026-11-22T00:00:00Z/2026-11-23T00:00:00Z`.'),
			...paging(500, 50),
			format: z.enum(['json', 'csv']).default('json').describe('`csv`: all that match, as a file.')
		})
	},
	answers: {
		200: {
			description: 'The set-ups.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({ rows: z.array(row), nextCursor: text }),
				'text/csv': z.string().describe('One line a set-up.')
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/setups?from=now-30d&limit=5'
};
