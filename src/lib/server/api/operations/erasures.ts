/** /api/erasures and /api/data-requests: forgetting sessions, shops and persons, and telling what is kept of one. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { named } from '../schemas';

const millis = z.number().describe('Milliseconds since 1970, UTC.');
const FILE = { ...UNCACHED, 'Content-Disposition': z.string() };

const fields = {
	id: z.string(),
	kind: z.enum(['session', 'shop', 'customer']),
	subjectHash: z
		.string()
		.describe('SHA-256, in hex, of a secret of this database and what was to be forgotten, which is named nowhere.'),
	requestedBy: z.enum(['operator', 'shopify']),
	requestedAt: millis,
	step: z
		.enum(['find', 'entomb', 'look', 'log', 'objects', 'rest', 'done'])
		.describe(
			'What is done next: find what is a person’s, keep it out from now on, look through the archive, erase from log and sums, from objects, from all else.'
		),
	erasedAt: millis.nullable().describe('Since when nothing of it is stored again.'),
	counts: z
		.record(z.string(), z.int())
		.describe('Rows removed by table, and objects looked at, rewritten and removed, so far.'),
	unreadable: z
		.array(z.string())
		.describe('Objects of the archive that could not be read: a person has to look at them.'),
	fault: z.string().nullable().describe('What holds it up now. It is tried again.'),
	finishedAt: millis.nullable(),
	certificateSha256: z.string().nullable().describe('Of the certificate’s bytes, in hex.')
};
const erasure = named('Erasure', z.strictObject(fields));
const detail = named(
	'ErasureWithCertificate',
	z.strictObject({ ...fields, certificate: z.string().nullable().describe('JSON, once it is done.') })
);

const customer = z
	.strictObject({
		id: z.string().max(255).nullable().optional(),
		email: z.string().max(255).nullable().optional(),
		phone: z.string().max(255).nullable().optional()
	})
	.describe('At least one of them.');

export const listErasures: Operation = {
	id: 'listErasures',
	method: 'get',
	path: '/api/erasures',
	summary: 'The latest erasures, newest first',
	sample: null,
	answers: {
		200: json('Up to 100 of them.', z.strictObject({ erasures: z.array(erasure) }), UNCACHED),
		...failures(['method_not_allowed'])
	}
};

export const startErasure: Operation = {
	id: 'startErasure',
	method: 'post',
	path: '/api/erasures',
	summary: 'Forget a session, a shop or a person',
	description:
		'Erases it from the log, from all that follows from it, from rejected events and from the archive. It cannot be undone, and nothing of it is ' +
		'stored again: of a session ever, of a shop what the server received before.',
	body: {
		description:
			'What is to be forgotten. A person’s are the sessions of the shop in which any value of any event is one of theirs.',
		content: {
			'application/json': z.union([
				z.strictObject({ kind: z.enum(['session']), sessionId: z.string().min(1).max(255) }),
				z.strictObject({ kind: z.enum(['shop']), shopDomain: z.string().min(1).max(255) }),
				z.strictObject({ kind: z.enum(['customer']), shopDomain: z.string().min(1).max(255), customer })
			])
		},
		examples: [
			{
				name: 'session',
				summary: 'A session',
				type: 'application/json',
				value: { kind: 'session', sessionId: 'sess_that_never_was' }
			}
		]
	},
	answers: {
		202: json('It is kept, and begins at once.', erasure, UNCACHED),
		...failures(['bad_request', 'invalid_json', 'method_not_allowed', 'unsupported_media_type'])
	}
};

const path = z.object({ id: z.string() });

export const readErasure: Operation = {
	id: 'readErasure',
	method: 'get',
	path: '/api/erasures/{id}',
	summary: 'One erasure, how far it is, and its certificate',
	parameters: { path },
	sample: null,
	answers: { 200: json('Now.', detail, UNCACHED), ...failures(['not_found', 'method_not_allowed']) }
};

export const readCertificate: Operation = {
	id: 'readCertificate',
	method: 'get',
	path: '/api/erasures/{id}/certificate',
	summary: 'The certificate of an erasure as a file',
	description: 'Byte for byte as its hash was made.',
	parameters: { path },
	sample: null,
	answers: {
		200: json(
			'What was removed, and when.',
			named(
				'Certificate',
				z.strictObject({
					certificate: z.enum(['erasure']),
					erasure: z.string(),
					kind: fields.kind,
					subjectHash: z.string(),
					requestedBy: fields.requestedBy,
					requestedAt: z.iso.datetime(),
					nothingStoredAgainFrom: z.iso.datetime(),
					finishedAt: z.iso.datetime(),
					removed: fields.counts,
					archive: z.string(),
					objectsThatCouldNotBeRead: z.array(z.string())
				})
			),
			FILE
		),
		...failures(['not_found', 'method_not_allowed'])
	}
};

export const listDataRequests: Operation = {
	id: 'listDataRequests',
	method: 'get',
	path: '/api/data-requests',
	summary: 'Who asked what is kept of them, newest first',
	sample: null,
	answers: {
		200: json(
			'Up to 100 requests.',
			z.strictObject({
				requests: z.array(
					named(
						'DataRequest',
						z.strictObject({
							id: z.string(),
							subjectHash: fields.subjectHash,
							requestedAt: millis,
							answeredAt: millis.nullable().describe('When it was first read.'),
							isOpen: z
								.boolean()
								.describe(
									'Whether it can be read: until 30 days after the first time, or until the person is forgotten.'
								)
						})
					)
				)
			}),
			UNCACHED
		),
		...failures(['method_not_allowed'])
	}
};

const row = z.record(z.string(), z.unknown());

export const readDataRequest: Operation = {
	id: 'readDataRequest',
	method: 'get',
	path: '/api/data-requests/{id}',
	summary: 'All that is kept of a person who asked, to hand over',
	description: 'Made when it is asked for, from the log and the archive: it can take a while.',
	parameters: { path },
	sample: null,
	answers: {
		200: json(
			'The rows and events as they are kept.',
			named(
				'KeptOfPerson',
				z.strictObject({
					request: z.string(),
					requestedAt: z.iso.datetime(),
					shopDomain: z.string(),
					customer: z.strictObject({
						id: z.string().nullable(),
						email: z.string().nullable(),
						phone: z.string().nullable()
					}),
					sessions: z.array(row),
					steps: z.array(row),
					aiRequests: z.array(row),
					errors: z.array(row),
					events: z.array(row)
				})
			),
			FILE
		),
		...failures(['not_found', 'method_not_allowed'])
	}
};
