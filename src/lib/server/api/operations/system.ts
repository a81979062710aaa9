/** /api/v1/system and /api/v1/rejected: how the Control Room itself is, and what it could not take. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { paging } from '../parameters';
import { named } from '../schemas';

const millis = z.int().describe('Milliseconds since 1970, UTC.');
const text = z.string().nullable();
const ms = z.number().describe('Milliseconds.');

const rate = z.strictObject({
	commits: z.int(),
	events: z.int(),
	coveredMs: z.int().describe('How long that is: less than the window where that had more than 1,000 commits.')
});

const processState = z.strictObject({
	at: millis,
	build: z.string(),
	node: z.string(),
	startedAt: millis,
	memory: z.strictObject({ process: z.int(), heap: z.int() }).describe('Bytes.'),
	commit: z.strictObject({
		commits: z.int().describe('Since the start.'),
		events: z.int().describe('Since the start.'),
		fault: text.describe('What the latest attempt met.'),
		waiting: z.int().describe('Events that wait for a commit.'),
		room: z.int().describe('How many may.'),
		lanes: z.int(),
		busy: z.int(),
		took: z.strictObject({ count: z.int(), p50: ms, p95: ms }).nullable().describe('Of the latest 1,000 commits.')
	}),
	hearing: z.union([
		z.strictObject({ hearing: z.literal(true) }),
		z.strictObject({ hearing: z.literal(false), since: millis, reason: z.string() })
	]),
	notificationMs: ms.nullable(),
	push: z.strictObject({ screens: z.int(), topics: z.int(), updates: z.int(), lastCycleMs: ms.nullable() }),
	archive: z.strictObject({
		url: z.string().describe('Where this process ships to.'),
		fault: text.describe('What its latest attempt met.')
	}),
	months: z.strictObject({
		keep: z.int().describe('Months before the current one that the log keeps; 0 keeps all.'),
		fault: text.describe('What its latest look after them met.')
	})
});

const archived = z.strictObject({
	readAt: millis,
	waiting: z
		.strictObject({
			commits: z.int(),
			events: z.int(),
			bytes: z.int().describe('About.'),
			oldestAt: millis.nullable().describe('When the oldest of them was committed.')
		})
		.describe('What is committed and not in the archive yet; bounded at 200,000 commits that are in no object yet.'),
	shipped: z
		.strictObject({ objects: z.int(), events: z.int(), bytes: z.int(), newestAt: millis.nullable() })
		.describe('What has been shipped.'),
	fault: text.describe('What the latest attempt at an object met that is still waiting.')
});

const months = z.strictObject({
	readAt: millis,
	staying: z
		.array(
			z.strictObject({
				month: z.string().describe('As 2026-01, of UTC.'),
				why: z
					.enum(['backfill', 'erasure', 'restored', 'unarchived', 'arrived'])
					.nullable()
					.describe('What is in its way: the last two as the daily look found it. Null: it leaves with the next one.'),
				backfill: z.int().nullable().describe('The backfill that is not finished.'),
				restoredUntil: millis.nullable().describe('It was brought back, and stays until then.'),
				isLeaving: z.boolean().describe('It is leaving, or that was interrupted: nobody sees its events meanwhile.'),
				lookedAt: millis.nullable().describe('When it was last tried to let it leave.')
			})
		)
		.describe('Months of the log that are older than what is kept.'),
	left: z.array(z.string()).describe('Months that have left the log, or of which it lacks something.')
});

export const readSystem: Operation = {
	id: 'readSystem',
	method: 'get',
	path: '/api/v1/system',
	summary: 'How the Control Room itself is',
	description: 'Of the process that answers, and of the database, whose sizes are up to 10 seconds old.',
	answers: {
		200: json(
			'Now.',
			named(
				'System',
				z.strictObject({
					process: processState,
					intake: z.strictObject({
						readAt: millis,
						minute: rate,
						hour: rate,
						newestCommitAt: millis.nullable()
					}),
					archive: archived,
					months,
					database: z.strictObject({
						readAt: millis,
						version: z.string(),
						bytes: z.int(),
						tables: z.array(
							z.strictObject({
								name: z.string(),
								rows: z.number().nullable().describe('As the database estimates it.'),
								bytes: z.int().describe('With indexes.')
							})
						),
						migrations: z.array(z.strictObject({ name: z.string(), appliedAt: millis }))
					})
				})
			),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	}
};

export const listRejected: Operation = {
	id: 'listRejected',
	method: 'get',
	path: '/api/v1/rejected',
	summary: 'What could not be an event, newest first',
	parameters: {
		query: z.object({
			replayed: z.enum(['1', '0', 'true', 'false']).optional().describe('With those that have been replayed since.'),
			...paging(100, 25)
		})
	},
	answers: {
		200: json(
			'A page of them.',
			z.strictObject({
				rows: z.array(
					named(
						'Rejected',
						z.strictObject({
							id: z.string(),
							at: millis.describe('When it was received.'),
							reason: z.string(),
							bytes: z.int().describe('How large it was.'),
							text: z.string().describe('Its first 8 KiB as text; what cannot be seen is escaped.'),
							userAgent: text,
							ip: text,
							replayedAt: millis.nullable()
						})
					)
				),
				open: z.int().describe('Those that have not been replayed.'),
				isLeast: z.boolean().describe('Counting stopped at `open`: there may be more.'),
				nextCursor: z.string().nullable().describe('The `cursor` of the next page; null when this is the last.')
			}),
			UNCACHED
		),
		...failures(['invalid_query', 'method_not_allowed'])
	}
};
