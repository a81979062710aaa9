/**
 * What clients send: the envelope as the server reads it, and the `data` of each known type. The server refuses no event
 * for its data, so neither do these schemas.
 */
import { z } from 'zod';
import { Envelope } from '../../events/envelope';
import { FAMILIES } from '../../events/families';
import { named } from './schemas';

/** Most events in a batch. */
const MAX_EVENTS = 1000;

/** The families of types, as people read them. */
const TITLES: Record<string, string> = {
	sessions: 'Sessions',
	steps: 'Steps',
	errors: 'Errors',
	ai: 'AI requests',
	interactions: 'Interactions',
	conversion: 'Conversion',
	setup: 'Product setup'
} satisfies Record<keyof typeof FAMILIES, string>;

const dataSchemas: z.ZodType[] = Object.entries(FAMILIES).flatMap(([family, types]) =>
	Object.entries<z.ZodType>(types).map(([type, schema]) =>
		named(`${pascal(type)}Data`, schema.meta({ 'x-event-type': type, 'x-family': TITLES[family] }))
	)
);

export const Event = named(
	'Event',
	Envelope.extend({
		data: z
			.union([...dataSchemas, z.unknown()])
			.optional()
			.describe(Envelope.shape.data.description ?? '')
	})
		.loose()
		.meta({
			description: 'One event. Only `type` is needed; every other field may be absent or null.',
			anyOf: [{ required: ['type'] }, { required: ['event_type'] }]
		})
);

export const EventBatch = named(
	'EventBatch',
	z
		.looseObject({
			events: z.array(Event).max(MAX_EVENTS),
			sentAt: Envelope.shape.timestamp.describe(
				"When the batch was sent, by the client's clock. With it the clock's error is known, and the events' times are set right."
			)
		})
		.describe('Events that are sent together.')
);

/** The three shapes of a body. */
export const EventBody = z.union([EventBatch, z.array(Event).max(MAX_EVENTS), Event]);

export const Receipt = named(
	'Receipt',
	z
		.strictObject({
			success: z.literal(true),
			processed: z.int().min(0).describe('`accepted` and `duplicates` together.'),
			accepted: z.int().min(0).describe('New events, now committed durably.'),
			duplicates: z.int().min(0).describe('Events that had been committed before.'),
			rejected: z
				.array(
					z.strictObject({
						index: z.int().min(0).describe('Its place in the batch, from 0.'),
						reason: z.string().meta({
							examples: ['not an object', 'no type', 'nested deeper than 32 levels', 'larger than 64 KiB'],
							'x-words': 'open'
						})
					})
				)
				.describe('What cannot be an event. It is kept, whole, in `rejected_events`.')
		})
		.describe('What became of each event: received = accepted + duplicates + rejected.')
);

function pascal(type: string): string {
	return type.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
