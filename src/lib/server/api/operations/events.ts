/** /api/analytics/events, where clients send what happens. */
import { z } from 'zod';
import { errorSchema, failures, json, OPEN, UNCACHED } from '../answers';
import { EventBatch, EventBody, Receipt } from '../events';
import type { Answer, Operation } from '../operation';
import { named } from '../schemas';

const path = '/api/analytics/events';
const shopDomain = 'example.myshopify.com';
const timestamp = '2026-11-22T10:15:04.123Z';
const headers = { ...OPEN, ...UNCACHED };

/** Without the challenge of an API token: a key is none. */
const keyless: Answer = json(
	'No write key vouches for the request, and one is required.',
	errorSchema(['key_required', 'invalid_key']),
	headers
);

export const sendEvents: Operation = {
	id: 'sendEvents',
	method: 'post',
	path,
	summary: 'Send events',
	description:
		'Takes `{"events": [...]}`, a bare array, or one bare event. `200` means that everything that could be stored is committed durably; one bad event never costs its neighbours their place. Sending the same again is safe: an event is known by its `id`, or by its content where it has none.\n\n' +
		'Where the server has write keys, a request brings one: a browser’s in the header `X-Control-Room-Key`, in the query as `key`, or as the batch’s member `key`; a server’s as the signature of its body in `X-Control-Room-Signature`. Without one the events are marked as unsigned, or refused where a key is required. In a batch with the key of one shop, events of other shops are marked or rejected alike; those that name no shop are taken as its own. How many requests a second one address may send (`INGEST_REQUESTS_PER_SECOND`), and one key may vouch for (`KEY_REQUESTS_PER_SECOND`), is limited: what is too much is answered `429`, and nobody else is.\n\n' +
		'A body has at most 1 MiB (also once gunzipped) and 1,000 events, an event at most 64 KiB and 32 levels. Content types that end in `+json`, and none at all, are read as JSON too.',
	parameters: {
		header: z.object({
			'Content-Encoding': z.enum(['gzip', 'x-gzip', 'identity']).optional().describe('Whether the body is compressed.')
		})
	},
	body: {
		description: 'The events, in one of three shapes.',
		content: {
			'application/json': EventBody,
			'text/plain': z
				.string()
				.meta({ contentMediaType: 'application/json' })
				.describe('The same JSON. So sends `navigator.sendBeacon`, which needs no preflight.')
		},
		examples: [
			{
				name: 'batch',
				summary: 'A batch',
				type: 'application/json',
				value: {
					sentAt: timestamp,
					events: [
						{
							id: 'evt_01',
							type: 'session_started',
							sessionId: 'sess_1',
							shopDomain,
							timestamp,
							data: { productId: 'p1', productTitle: 'Walnut sideboard', productPrice: '1299.00' },
							deviceContext: { deviceType: 'mobile', os: 'iOS', osVersion: '17.5', browser: 'Safari' }
						},
						{
							id: 'evt_02',
							type: 'step_update',
							sessionId: 'sess_1',
							shopDomain,
							timestamp,
							data: { step: 'mask', status: 'completed', durationMs: 8120, maskEditCount: 2 }
						}
					]
				}
			},
			{
				name: 'array',
				summary: 'A bare array',
				type: 'application/json',
				value: [{ type: 'ar_button_click', shopDomain, timestamp, data: { productId: 'p1', timeOnPage: 5200 } }]
			},
			{
				name: 'event',
				summary: 'One bare event, of a type of your own',
				type: 'application/json',
				value: { type: 'room_uploaded', sessionId: 'sess_1', shopDomain, timestamp, data: { fileSize: 245_760 } }
			},
			{
				name: 'snakeCase',
				summary: 'The other spellings',
				type: 'application/json',
				value: {
					event_type: 'error',
					session_id: 'sess_1',
					shop_domain: shopDomain,
					client_timestamp: 1_795_342_504_123,
					data: { errorCode: 'MASK_EMPTY', severity: 'warning', step: 'mask' },
					device_context: { deviceType: 'mobile' }
				}
			},
			{
				name: 'beacon',
				summary: 'As text, without a preflight',
				type: 'text/plain',
				value: {
					events: [
						{
							type: 'session_ended',
							sessionId: 'sess_1',
							shopDomain,
							data: { status: 'abandoned', reason: 'page_unload' }
						}
					]
				}
			},
			{
				name: 'gzip',
				summary: 'Compressed',
				type: 'application/json',
				gzip: true,
				value: {
					events: [
						{
							type: 'ai_request',
							sessionId: 'sess_1',
							shopDomain,
							timestamp,
							data: { requestId: 'req_1', provider: 'fal', operation: 'inpaint', status: 'success', costUsd: '0.05' }
						}
					]
				}
			}
		]
	},
	isKeyed: true,
	answers: {
		200: json('Everything that could be stored is committed durably.', Receipt, headers),
		...failures(
			[
				'invalid_json',
				'invalid_batch',
				'invalid_gzip',
				'method_not_allowed',
				'body_too_large',
				'too_many_events',
				'unsupported_media_type',
				'unsupported_encoding',
				'rate_limited',
				'internal',
				'queue_full',
				'database_unavailable',
				'shutting_down'
			],
			headers
		),
		401: keyless
	}
};

const About = named(
	'EventEndpoint',
	z.strictObject({
		name: z.string(),
		description: z.string(),
		accepts: z.array(z.string()),
		encodings: z.array(z.string()),
		limits: z.strictObject({
			bodyBytes: z.literal(1_048_576),
			events: z.literal(1000),
			eventBytes: z.literal(65_536),
			depth: z.literal(32).describe('Levels of nesting in an event.')
		}),
		example: EventBatch
	})
);

export const describeEvents: Operation = {
	id: 'describeEvents',
	method: 'get',
	path,
	summary: 'What the endpoint is',
	description: 'Says in JSON what may be sent here, and its limits.',
	answers: { 200: json('What the endpoint takes.', About, headers), ...failures(['rate_limited'], headers) }
};

export const preflightEvents: Operation = {
	id: 'preflightEvents',
	method: 'options',
	path,
	summary: 'Preflight',
	description: 'Every origin may send, without credentials. Browsers ask this by themselves before they send JSON.',
	answers: {
		204: {
			description: 'Yes.',
			headers: {
				...OPEN,
				'Access-Control-Allow-Methods': z.string().meta({ examples: ['POST, GET, HEAD, OPTIONS'] }),
				'Access-Control-Allow-Headers': z.string().describe('The headers that were asked for.'),
				'Access-Control-Max-Age': z.string().regex(/^\d+$/).describe('Seconds.')
			}
		},
		...failures(['rate_limited'], headers)
	}
};
