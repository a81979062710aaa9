/** /api/v1/events, the log of all events, and their counts. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';

const millis = z.int().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();
const types = z
	.string()
	.optional()
	.describe('One or more by commas. With a minus: none of that type (`-step_update,-ai_request`).')
	.meta({ examples: ['error,ai_request'] });

const loggedEvent = named(
	'LoggedEvent',
	z.strictObject({
		id: z.string().describe('The client’s own, or one that follows from the content. Unique within its shop.'),
		type: z.string(),
		session: text,
		shop: text,
		at: millis.describe('What orders events: the client’s time where there is one, else the server’s.'),
		clientTime: millis.nullable(),
		serverTime: millis.describe('When the server received it: the order of the log.'),
		clockShiftMs: z.number().describe('By how much the client’s clock was set right.'),
		data: z.unknown().describe('Any JSON.'),
		device: z.unknown().describe('Any JSON; null for none.'),
		userAgent: text,
		ip: text,
		keyId: text.describe('The write key that vouched for it; null where none did.')
	})
);

const matching = {
	...RANGE,
	type: types,
	shop: z.string().optional().describe('A domain; `(none)` for events that named no shop.'),
	session: z.string().optional(),
	q: z.string().optional().describe('A part of the data, as JSON writes it.'),
	signed: z
		.enum(['1', '0'])
		.optional()
		.describe('Those for which a write key vouched, or clients’ events for which none did.')
};

export const listEvents: Operation = {
	id: 'listEvents',
	method: 'get',
	path: '/api/v1/events',
	summary: 'Events, the last received first',
	description:
		'The log. What has no index (a text, the value of a field, a type within a shop) is tried on 20,000 events at a time: `lookedTo` then says how far that came, and `nextCursor` goes on from there, even where a page has no rows.\n\nAs CSV it is the whole list, streamed, and `cursor` and `limit` mean nothing.',
	parameters: {
		query: z.object({
			...matching,
			field: z.string().optional().describe('A field of the data, one inside another by a dot: what `value` is about.'),
			value: z
				.string()
				.optional()
				.describe(
					'What the field says, in its first 200 characters; `(none)` where it is absent. Without `field`: what any field says.'
				),
			...paging(500, 50),
			format: z.enum(['json', 'csv']).default('json')
		})
	},
	sample: '/api/v1/events?from=now-24h&type=error&limit=10',
	answers: {
		200: {
			description: 'A page of the log, or all that matches as CSV.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(loggedEvent),
					count: z.int().describe('All events that match.'),
					isLeast: z.boolean().describe('Counting stopped at `count`: there may be more.'),
					lookedTo: millis.nullable().describe('Where looking stopped before the page was full.'),
					nextCursor: z.string().nullable().describe('The `cursor` of the next page; null when this is the last.')
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

export const countEvents: Operation = {
	id: 'countEvents',
	method: 'get',
	path: '/api/v1/events/counts',
	summary: 'Events counted by type, over time and by shop',
	description:
		'Exact over any range, by when the server received them. At most 200 types, those with most events. Of one shop the types over time are counted among its latest 20,000 events: a bucket that was not looked at whole is null.',
	parameters: {
		query: z.object({
			...RANGE,
			type: types,
			shop: z.string().optional().describe('A domain; `(none)` for events that named no shop.')
		})
	},
	sample: '/api/v1/events/counts?from=now-7d',
	answers: {
		200: json(
			'The counts.',
			named(
				'EventCounts',
				z.strictObject({
					unit: z.enum(['quarter', 'hour', 'day', 'week', 'month']),
					edges: z.array(millis).describe('Of the buckets: one more than there are buckets.'),
					types: z.array(
						z.strictObject({ type: z.string(), events: z.array(z.int().nullable()).describe('By bucket.') })
					),
					shops: z
						.array(z.strictObject({ shop: z.string().describe('Empty for none.'), events: z.int() }))
						.describe('The 50 shops with most of them.')
				})
			),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

export const countFieldValues: Operation = {
	id: 'countFieldValues',
	method: 'get',
	path: '/api/v1/events/values',
	summary: 'What a field of the data says, and how often',
	description:
		'Of the 5,000 latest events that match: `since` says where they begin if the range has older ones. At most 1,000 values, the most frequent first.',
	parameters: {
		query: z.object({
			...matching,
			field: z.string().describe('A field of the data, one inside another by a dot.'),
			format: z.enum(['json', 'csv']).default('json')
		})
	},
	sample: '/api/v1/events/values?from=now-7d&type=step_update&field=status',
	answers: {
		200: {
			description: 'The values.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					sampled: z.int().describe('How many events were looked at.'),
					since: millis.nullable().describe('Where they begin, if the range has older ones.'),
					values: z.array(
						z.strictObject({
							value: z.string().nullable().describe('In its first 200 characters; null where it is absent.'),
							events: z.int()
						})
					),
					distinct: z.int().describe('How many different values there are.')
				}),
				'text/csv': z.string()
			}
		},
		...failures(['invalid_query', 'method_not_allowed'])
	}
};
