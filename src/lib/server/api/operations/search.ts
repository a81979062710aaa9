/** /api/v1/search: what is found by a part of its name. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { named } from '../schemas';
import { sessionCard } from './sessions';

const lastAt = z.int().nullable().describe('Milliseconds since 1970, UTC.');

export const search: Operation = {
	id: 'search',
	method: 'get',
	path: '/api/v1/search',
	summary: 'Find sessions, shops and groups of errors',
	description:
		'By any part of a session’s id or product title, a shop’s domain, an error’s code or message: up to eight of each, the latest first. Looks at the latest 20,000 sessions, 5,000 shops and 5,000 groups; a session whose id begins with the text is found however old it is.',
	parameters: {
		query: z.object({ q: z.string().optional().describe('The text; without one nothing is found.') })
	},
	sample: '/api/v1/search?q=sess_',
	answers: {
		200: json(
			'What was found.',
			named(
				'Found',
				z.strictObject({
					sessions: z.array(sessionCard),
					shops: z.array(z.strictObject({ shop: z.string(), sessions: z.int(), lastSessionAt: lastAt })),
					groups: z.array(
						z.strictObject({
							group: z.string().describe('Its key.'),
							code: z.string().nullable(),
							message: z.string().nullable().describe('Of the latest of its errors.'),
							errors: z.int(),
							lastSeenAt: lastAt
						})
					)
				})
			),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	}
};
