/** /api/v1/errors: errors in groups, one group, and errors one by one. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';

const at = z.number().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();
const state = z
	.enum(['open', 'acknowledged', 'resolved', 'came_back'])
	.describe('`came_back`: resolved, and seen again since.');
const format = z.enum(['json', 'csv']).default('json').describe('`csv`: all that match, as a file.');
const limited = paging(500, 50);
const csv = (description: string) => z.string().describe(description);

const filters = {
	shop: z.string().optional().describe('A domain; `(none)` for errors that named no shop.'),
	severity: z
		.string()
		.optional()
		.describe('One or more by commas.')
		.meta({ examples: ['critical,error'] }),
	step: z.string().optional().describe('One or more by commas; `(none)` for errors without a step.'),
	state: z
		.string()
		.optional()
		.describe('States of the group, one or more by commas: `open`, `acknowledged`, `resolved`, `came_back`.'),
	q: z.string().optional().describe('A part of the group’s code or message.'),
	group: z.string().optional().describe('Of one group.')
};

const errorCard = {
	id: z.string().describe('Unique within its shop.'),
	sessionId: text,
	shop: text,
	code: text,
	message: text,
	severity: z.string(),
	step: text,
	at
};
const device = { deviceType: text, os: text, browser: text };

const groupRow = named(
	'ErrorGroupRow',
	z.strictObject({
		group: z.string().regex(/^[0-9a-f]{32}$/),
		code: text,
		shape: text.describe('The message without addresses, ids and numbers.'),
		errors: z.int().describe('In the range.'),
		trend: z.array(z.int()).describe('The same between each two of `trendEdges`.'),
		sessions: z.int().describe('With such an error in the range.'),
		sessionsAtLeast: z.boolean().describe('There may be more sessions than those.'),
		shops: z.int().describe('With such an error in the range.'),
		severities: z.array(z.string()).describe('The most frequent first.'),
		steps: z.array(z.string()).describe('The most frequent first; empty for none.'),
		firstSeenAt: at,
		lastSeenAt: at,
		state,
		acknowledgedBy: text,
		resolvedBy: text,
		exampleSession: text.describe('The id of the session that it was last seen in.')
	})
);

export const listErrorGroups: Operation = {
	id: 'listErrorGroups',
	method: 'get',
	path: '/api/v1/errors',
	summary: 'Errors of a range, by group',
	description:
		'A group has one code and one message but for its numbers and ids. Later pages count the range that the first one counted, so that groups keep their places while errors arrive.',
	parameters: {
		query: z.object({
			...RANGE,
			...filters,
			sort: z
				.enum(['count', 'seen'])
				.default('count')
				.describe('By errors in the range, or by when they were last seen.'),
			...limited,
			format
		})
	},
	answers: {
		200: {
			description: 'The groups.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(groupRow),
					count: z.int().describe('All groups that match.'),
					range: z.strictObject({ from: at, to: at }).describe('What was counted.'),
					trendEdges: z.array(at),
					nextCursor: text
				}),
				'text/csv': csv('One line a group.')
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/errors?from=now-7d&limit=5'
};

const errorRow = named(
	'ErrorRow',
	z.strictObject({
		...errorCard,
		group: z.string(),
		...device,
		isUserFacing: z.boolean().nullable()
	})
);

export const listErrors: Operation = {
	id: 'listErrors',
	method: 'get',
	path: '/api/v1/errors/list',
	summary: 'Errors of a range, one by one, newest first',
	parameters: {
		query: z.object({
			...RANGE,
			...filters,
			device: z.string().optional().describe('A type of device; `(none)` for none. So do `os` and `browser`.'),
			os: z.string().optional(),
			browser: z.string().optional(),
			...limited,
			format
		})
	},
	answers: {
		200: {
			description: 'The errors.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(errorRow),
					count: z.int().describe('All errors that match.'),
					isLeast: z
						.boolean()
						.describe(
							'They were counted among the 20,000 latest, as with `device`, `os` and `browser`: there may be more.'
						),
					lookedTo: at
						.nullable()
						.describe('Where looking for matches stopped before the page was full: `nextCursor` goes on from there.'),
					nextCursor: text
				}),
				'text/csv': csv('One line an error.')
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/errors/list?from=now-24h&limit=5'
};

const part = z.array(z.strictObject({ value: z.string().describe('Empty for none.'), errors: z.int() }));

const group = named(
	'ErrorGroup',
	z.strictObject({
		group: z.string(),
		code: text,
		shape: text,
		message: text.describe('As it came last.'),
		severity: text,
		state,
		acknowledgedAt: at.nullable(),
		acknowledgedBy: text,
		resolvedAt: at.nullable(),
		resolvedBy: text,
		firstSeenAt: at,
		lastSeenAt: at,
		errorsEver: z.int(),
		sessions: z.int().describe('With such an error in the range.'),
		sessionsAtLeast: z.boolean(),
		shops: part.describe('Of the range, as are severities and steps.'),
		severities: part,
		steps: part,
		sampled: z.int().describe('So many of the latest errors in the range say devices, systems and browsers.'),
		devices: part,
		systems: part,
		browsers: part,
		latest: z.array(z.strictObject({ ...errorCard, stack: text, ...device, userAgent: text })),
		hitSessions: z.array(
			z.strictObject({ sessionId: z.string(), shop: text, status: text, errors: z.int(), lastAt: at })
		),
		history: z
			.array(z.strictObject({ said: z.enum(['acknowledged', 'resolved', 'reopened']), by: text, at }))
			.describe('What people said of it, the latest first.')
	})
);

export const readErrorGroup: Operation = {
	id: 'readErrorGroup',
	method: 'get',
	path: '/api/v1/errors/{group}',
	summary: 'A group of errors',
	parameters: {
		path: z.object({ group: z.string().describe('Its key: 32 hexadecimal digits.') }),
		query: z.object(RANGE)
	},
	answers: {
		200: json('The group.', group, UNCACHED),
		...failures(['invalid_query', 'not_found', 'method_not_allowed'])
	},
	sample: null
};

export const sumErrors: Operation = {
	id: 'sumErrors',
	method: 'get',
	path: '/api/v1/errors/summary',
	summary: 'How many errors of a range, and whom they hit',
	parameters: { query: z.object({ ...RANGE, ...filters }) },
	answers: {
		200: json(
			'The sums.',
			named(
				'ErrorSums',
				z.strictObject({
					errors: z.int(),
					groups: z.int(),
					shops: z.int().describe('Named ones.'),
					sessions: z.int().describe('With such an error.'),
					sessionsAtLeast: z.boolean().describe('There may be more sessions than those.'),
					any: z.boolean().describe('Whether there has ever been one.'),
					byShop: part.describe('The 10 shops with most of them.'),
					unit: z.enum(['quarter', 'hour', 'day', 'week', 'month']).describe('Of the stretches.'),
					edges: z.array(at).describe('Of the stretches: one more than there are of those.'),
					severities: z
						.array(z.strictObject({ severity: z.string(), errors: z.array(z.int()).describe('By stretch.') }))
						.describe('The most frequent first.')
				})
			),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	},
	sample: '/api/v1/errors/summary?from=now-7d'
};
