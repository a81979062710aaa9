/** /api/backfill: reading the archive back. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { named } from '../schemas';

const millis = z.number().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();
const count = z.int().min(0);

const job = named(
	'Backfill',
	z.strictObject({
		id: z.int(),
		state: z
			.enum(['waiting', 'running', 'paused', 'done', 'cancelled'])
			.describe('One job runs at a time; a running one whose server died is gone on with by another.'),
		from: millis,
		to: millis,
		prefix: z.string(),
		dryRun: z.boolean(),
		createdAt: millis,
		startedAt: millis.nullable(),
		endedAt: millis.nullable(),
		updatedAt: millis,
		runner: text.describe('Who runs it, or ran it last.'),
		fault: text.describe('What holds it up now: a store or a database that is away is asked again.'),
		counts: z.strictObject({
			objects: count.describe('Read so far.'),
			objectsTotal: count.nullable().describe('In all; null until they are counted.'),
			events: count.describe('`new` + `known` + `rejected`.'),
			new: count.describe('Now in the log. Of a dry run: what would be.'),
			known: count.describe('In the log before, or twice in the archive.'),
			rejected: count.describe('What cannot be an event, kept as `/api/v1/rejected` shows it.'),
			damaged: count.describe('Objects that gave nothing back.')
		}),
		eventsPerSecond: z.number().nullable().describe('Since it was last taken up.'),
		secondsLeft: z.number().nullable(),
		faults: z
			.array(z.strictObject({ name: z.string(), reason: z.string() }))
			.describe('Objects that gave nothing back, and why: the first 50 by name.')
	})
);

const path = z.object({ job: z.string().describe('Its number.') });

export const listBackfills: Operation = {
	id: 'listBackfills',
	method: 'get',
	path: '/api/backfill',
	summary: 'The latest backfills, newest first',
	answers: {
		200: json('Up to 20 of them.', z.strictObject({ jobs: z.array(job) }), UNCACHED),
		...failures(['method_not_allowed'])
	}
};

export const startBackfill: Operation = {
	id: 'startBackfill',
	method: 'post',
	path: '/api/backfill',
	summary: 'Bring events back from the archive',
	description: 'Events that the log knows stay as they are, so that asking twice does no harm.',
	body: {
		description: 'Which objects, by the times in their names. Objects are taken whole.',
		content: {
			'application/json': z.strictObject({
				from: z.string().describe('A time (ISO 8601), or a date of UTC.'),
				to: z.string().describe('Before this time. A date includes its day.'),
				prefix: z.string().default('').describe('Only objects whose names begin so.'),
				dryRun: z.boolean().default(false).describe('Reads and counts, and writes nothing.')
			})
		},
		examples: [
			{
				name: 'month',
				summary: 'What a month would bring back',
				type: 'application/json',
				value: { from: '2026-01-01', to: '2026-01-31', dryRun: true }
			}
		]
	},
	answers: {
		202: json('It is asked for, and begins when no other one runs.', job, UNCACHED),
		...failures(['bad_request', 'invalid_json', 'method_not_allowed', 'unsupported_media_type'])
	}
};

export const readBackfill: Operation = {
	id: 'readBackfill',
	method: 'get',
	path: '/api/backfill/{job}',
	summary: 'One backfill, and how far it is',
	parameters: { path },
	sample: null,
	answers: { 200: json('Now.', job, UNCACHED), ...failures(['not_found', 'method_not_allowed']) }
};

export const steerBackfill: Operation = {
	id: 'steerBackfill',
	method: 'post',
	path: '/api/backfill/{job}',
	summary: 'Pause, resume or cancel a backfill',
	parameters: { path },
	body: {
		description: 'What is to happen.',
		content: { 'application/json': z.strictObject({ action: z.enum(['pause', 'resume', 'cancel']) }) },
		examples: []
	},
	answers: {
		200: json('After it.', job, UNCACHED),
		...failures([
			'bad_request',
			'invalid_json',
			'not_found',
			'method_not_allowed',
			'conflict',
			'unsupported_media_type'
		])
	}
};
