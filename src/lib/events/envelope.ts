/**
 * The envelope: what every event has around its `data`. Deployed clients and strangers spell it differently and get it
 * wrong in all ways, so reading it never throws: what can be read is read, what can't is null, and only what cannot be
 * an event at all is refused, with a reason.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mendText, tooDeep } from './canonical';

/** Longest text in bytes that may stand in an index; longer ones are shortened and told apart by a hash. */
const MAX_KEY_BYTES = 255;
/** Longest id that the contract lets a client make. */
const MAX_ID_LENGTH = 128;

/** A text; numbers and booleans are read as text, anything else and '' as absent. */
const name = z
	.union([z.string(), z.number().transform(String), z.boolean().transform(String)])
	.nullish()
	.catch(null);
const clock = z.union([z.string(), z.number()]).nullish().catch(null);

/** The fields of an event, each under all its accepted spellings. */
export const Envelope = z.object({
	id: name.describe(
		"The client's own id, at most 128 characters, the same on every retry; unique within its shop. Without it the event's content decides what is a retry."
	),
	type: name.describe(
		'What happened: one of the known types, or any other word, which is then a custom event and saved like them.'
	),
	event_type: name.describe('Another spelling of `type`.'),
	sessionId: name.describe('The session. Absent where there is none yet, as for a button that was only seen.'),
	session_id: name.describe('Another spelling of `sessionId`.'),
	shopDomain: name.describe('The shop, such as `example.myshopify.com`.'),
	shop_domain: name.describe('Another spelling of `shopDomain`.'),
	shop: name.describe('Another spelling of `shopDomain`.'),
	timestamp: clock.describe("When it happened by the client's clock: ISO 8601, or milliseconds since 1970."),
	client_timestamp: clock.describe('Another spelling of `timestamp`.'),
	data: z
		.unknown()
		.optional()
		.describe('What more there is to say of it: any JSON. The known types have known fields.'),
	deviceContext: z
		.unknown()
		.optional()
		.describe('What the client says of the device: `deviceType`, `os`, `osVersion`, `browser`, `browserVersion`, …'),
	device_context: z.unknown().optional().describe('Another spelling of `deviceContext`.')
});
const KNOWN = new Set(Object.keys(Envelope.shape));

/** An event as its client meant it. */
export interface Event {
	/** The client's own id; null when it made none. */
	id: string | null;
	type: string;
	sessionId: string | null;
	/** '' when the client named an empty shop, null when it named none. */
	shopDomain: string | null;
	/** The timestamp as it was sent: part of the content from which an id is derived. */
	timestamp: string | number | null;
	data: unknown;
	deviceContext: unknown;
	/** Fields that the contract does not know, kept as they are; null when there are none. */
	extra: Record<string, unknown> | null;
}

/** Why a value cannot be an event. */
export type Refusal = 'not an object' | 'no type' | 'nested deeper than 32 levels' | 'larger than 64 KiB';

/** Reads one event; never throws. */
export function readEvent(value: unknown): Event | Refusal {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object';
	if (tooDeep(value)) return 'nested deeper than 32 levels';
	const read = Envelope.parse(value);
	const type = read.type || read.event_type;
	if (!type) return 'no type';
	const id = read.id || null;
	return {
		id: id === null ? null : shorten(id, MAX_ID_LENGTH),
		type: shorten(type),
		sessionId: nullOr(shorten, read.sessionId || read.session_id || null),
		shopDomain: nullOr(shorten, read.shopDomain || read.shop_domain || read.shop || emptyShop(read)),
		timestamp: read.timestamp ?? read.client_timestamp ?? null,
		data: read.data ?? {},
		deviceContext: read.deviceContext ?? read.device_context ?? null,
		extra: unknownFields(value)
	};
}

/** Whether a batch's bare object is itself an event. */
export function looksLikeEvent(value: object): boolean {
	return 'type' in value || 'event_type' in value;
}

function emptyShop(read: { shopDomain?: unknown; shop_domain?: unknown; shop?: unknown }): '' | null {
	return read.shopDomain === '' || read.shop_domain === '' || read.shop === '' ? '' : null;
}

function unknownFields(event: object): Record<string, unknown> | null {
	let extra: Record<string, unknown> | null = null;
	for (const [key, field] of Object.entries(event)) {
		if (KNOWN.has(key)) continue;
		// Without a prototype, a field called __proto__ is a field like others.
		extra ??= { __proto__: null } as Record<string, unknown>;
		extra[key] = field;
	}
	return extra;
}

function nullOr(read: (text: string) => string, text: string | null): string | null {
	return text === null ? null : read(text);
}

/** The text, mended; when it is too long for an index, its beginning and an MD5 of the whole. SQL's is key_text(). */
function shorten(text: string, maxLength = MAX_KEY_BYTES): string {
	const mended = mendText(text);
	if (mended.length <= maxLength && Buffer.byteLength(mended) <= MAX_KEY_BYTES) return mended;
	const hash = createHash('md5').update(mended).digest('hex');
	return `${mendText(mended.slice(0, 50))}~${hash}`;
}
