/** /api/v1/sessions and one session's story. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging, RANGE } from '../parameters';
import { named } from '../schemas';

const millis = z.int().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();
const money = z.string().regex(/^-?\d+(\.\d+)?$/);
const dollars = money.describe('US dollars, exact.');
const flag = z.enum(['1', '0', 'true', 'false']).optional();
const stepNumber = z.int().min(1).max(5).optional();

const step = {
	step: z.string(),
	status: text,
	startedAt: millis.nullable(),
	completedAt: millis.nullable(),
	durationMs: z.int().nullable().describe('As the client measured it.')
};

const card = {
	sessionId: z.string(),
	version: z.int().describe('The number of its events: the larger, the newer.'),
	shop: text,
	product: text,
	deviceType: text,
	status: z.string().describe('`in_progress`, `completed`, `abandoned`, `error`, or another word that a client sent.'),
	startedAt: millis,
	updatedAt: millis.describe('Of its latest event.'),
	endedAt: millis.nullable(),
	durationMs: z.int().nullable(),
	currentStep: text,
	activity: text.describe('The type of the client’s latest event.'),
	abandonmentStep: text,
	abandonmentReason: text,
	steps: z.array(z.strictObject(step)).describe('In the order in which they began.'),
	errorCount: z.int(),
	aiCost: dollars
};

/** A session as lists show it. */
export const sessionCard = named('Session', z.strictObject(card));

const row = named(
	'SessionRow',
	z.strictObject({
		...card,
		addedToCart: z.boolean(),
		postArAction: text,
		place: z.number().describe('Where it stands in the list: the microseconds since 1970 of its start, or of its end.')
	})
);

const filters = {
	shop: z.string().optional().describe('A domain; `(none)` for sessions that named no shop.'),
	status: z
		.string()
		.optional()
		.describe(
			'One or more by commas: `in_progress`, `completed`, `abandoned`, `error`, any other; `ended` for all that are over. With a minus: not that one (`ended,-completed`).'
		)
		.meta({ examples: ['abandoned,error'] }),
	by: z
		.enum(['started', 'ended', 'hit', 'any'])
		.default('started')
		.describe(
			'What the range is about: the start, the end, an error in it (`hit`), or nothing: then any time will do.'
		),
	step: z.string().optional().describe('Where it is, or where it ended.'),
	device: z.string().optional(),
	product: z.string().optional().describe('A part of the title, or the id.'),
	product_is: z.string().optional().describe('The whole title, or the id of a product without one.'),
	errors: flag.describe('With or without errors.'),
	group: z.string().optional().describe('With an error of this group.'),
	error_shop: z
		.string()
		.optional()
		.describe(
			'With an error of this shop, as errors are asked for. So do `error_severity`, `error_step`, `error_state` and `error_q`; one error must fit them all.'
		),
	error_severity: z.string().optional(),
	error_step: z.string().optional(),
	error_state: z.string().optional(),
	error_q: z.string().optional(),
	cost_over: money.optional().describe('AI cost above so many US dollars.'),
	event: z.string().optional().describe('With an event of this type.'),
	exit: z
		.string()
		.optional()
		.describe('The step at which it was left, of sessions that ended otherwise than completed.'),
	reason: z.string().optional().describe('Why it was left, of the same.'),
	post_ar: z.string().optional().describe('What the shopper did after it.'),
	cart: flag.describe('Added to the cart or not.'),
	reached: stepNumber.describe('Came at least to this step, from 1.'),
	not_reached: stepNumber.describe('Did not come to this step.'),
	q: z.string().optional().describe('A part of the id.')
};

export const listSessions: Operation = {
	id: 'listSessions',
	method: 'get',
	path: '/api/v1/sessions',
	summary: 'Sessions, newest first',
	description:
		'Filters that have no index are tried on 20,000 sessions at a time: `lookedTo` then says how far that came, and `nextCursor` goes on from there, even where a page has no rows.\n\nAs CSV it is the whole list, streamed, and `cursor` and `limit` mean nothing.',
	parameters: {
		query: z.object({
			...RANGE,
			...filters,
			...paging(500, 50),
			format: z.enum(['json', 'csv']).default('json')
		})
	},
	sample: '/api/v1/sessions?from=now-24h&limit=10',
	answers: {
		200: {
			description: 'A page of the list, or all of it as CSV.',
			headers: UNCACHED,
			content: {
				'application/json': z.strictObject({
					rows: z.array(row),
					count: z.int().describe('All rows of the list.'),
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

const story = z.strictObject({
	session: z.strictObject({
		...card,
		productId: text,
		productPrice: money.nullable().describe('As the shop sent it, in its own currency.'),
		os: text,
		osVersion: text,
		browser: text,
		browserVersion: text,
		entryPoint: text,
		referrer: text,
		flow: text,
		env: text,
		postArAction: text,
		addedToCart: z.boolean(),
		regenerationCount: z.int(),
		regenerationCost: dollars,
		eventCount: z.int()
	}),
	steps: z.array(
		z.strictObject({
			...step,
			retakeCount: z.int(),
			maskEditCount: z.int(),
			placementAdjustments: z.int(),
			regenerationCount: z.int(),
			autoVsManual: text,
			autoConfidence: z.number().nullable(),
			errorCode: text,
			errorMessage: text
		})
	),
	aiRequests: z.array(
		z.strictObject({
			id: z.string(),
			requestId: text,
			provider: text,
			model: text,
			operation: text,
			step: text,
			status: text,
			at: millis,
			durationMs: z.int().nullable(),
			costUsd: dollars.nullable(),
			isRegeneration: z.boolean(),
			errorMessage: text
		})
	),
	errors: z.array(
		z.strictObject({
			id: z.string(),
			sessionId: text,
			shop: text,
			code: text,
			message: text,
			severity: z.string(),
			step: text,
			at: millis,
			group: z.string().describe('The key of its group.')
		})
	),
	events: z
		.array(
			z.strictObject({
				id: z.string().describe('Unique within its shop.'),
				type: z.string(),
				shop: text,
				at: millis.describe('Client time where there is one, else server time.'),
				clientTime: millis.nullable(),
				serverTime: millis,
				data: z.unknown(),
				device: z.unknown(),
				userAgent: text,
				ip: text,
				keyId: text.describe('The write key that vouched for it; null where none did.')
			})
		)
		.describe('The latest, oldest first.'),
	earlierEvents: z.int().describe('How many events came before the first one here.')
});

export const readSession: Operation = {
	id: 'readSession',
	method: 'get',
	path: '/api/v1/sessions/{sessionId}',
	summary: 'A session’s whole story',
	description: 'Its steps, AI requests, errors and latest events, all of one moment.',
	parameters: { path: z.object({ sessionId: z.string() }) },
	// There is no session that everybody has.
	sample: null,
	answers: {
		200: json('The story.', named('SessionStory', story), UNCACHED),
		...failures(['not_found', 'method_not_allowed'])
	}
};
