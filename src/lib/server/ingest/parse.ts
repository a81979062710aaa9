/**
 * From JSON to rows: takes a batch apart, reads each event, sets its clock right, and sorts out what cannot be an event.
 * One bad event never harms its neighbours.
 */
import { clockShifts, readTime } from '../../events/clock';
import { looksLikeEvent, readEvent, type Event } from '../../events/envelope';
import { batchOf, logRow, rejectedRow, type Batch, type LogRow, type Origin, type RejectedRow } from '../commit/rows';
import type { Fault } from './body';
import { OTHER_SHOP, voucherOf, type Signing } from './keys';
import { elementSlices } from './slices';

/** Most events in a batch. */
export const MAX_EVENTS = 1000;
/** Largest event, in bytes of its JSON. */
export const MAX_EVENT_BYTES = 64 * 1024;

export interface Rejection {
	/** Place in the batch, from 0. */
	index: number;
	reason: string;
}

export interface ParsedBatch {
	batch: Batch;
	rejections: Rejection[];
}

/**
 * Parses a batch.
 * @param text the JSON text of `json`
 * @param now milliseconds since 1970
 * @param bytes what the text was read from: where that was no clean UTF-8, a rejected event is still kept as it came
 * @param signing who vouches for it; null where nobody is asked to
 */
export function parseBatch(
	json: unknown,
	text: string,
	origin: Origin,
	now: number,
	bytes: Uint8Array = Buffer.from(text),
	signing: Signing | null = null
): ParsedBatch | Fault {
	const found = eventsOf(json);
	if ('code' in found) return found;
	const { values, sentAt } = found;
	if (values.length > MAX_EVENTS) {
		return {
			code: 'too_many_events',
			message: `A batch holds at most ${MAX_EVENTS} events; this one has ${values.length}.`
		};
	}

	const read = readValues(values, { text, sentAt, origin, now, bytes, signing });
	return { batch: batchOf('ingest', read.rows, read.rejected), rejections: read.rejections };
}

/** What is known of the values of a batch. */
export interface Around {
	/** JSON text that has them as the elements of an array, or of its member `events`. */
	text: string;
	/** By the client's clock, in milliseconds since 1970; null when the batch did not say. */
	sentAt: number | null;
	origin: Origin;
	/** When they were received, in milliseconds since 1970. */
	now: number;
	/** What the text was read from. */
	bytes: Uint8Array;
	/** Who vouches for them; null where nobody is asked to. */
	signing: Signing | null;
}

export interface ReadValues {
	/** The events among them, in their order. */
	rows: LogRow[];
	rejections: Rejection[];
	/** As they are kept, in the order of `rejections`. */
	rejected: RejectedRow[];
}

/** Reads values that came together, whatever they are. Their clocks are set right together. */
export function readValues(values: unknown[], { text, sentAt, origin, now, bytes, signing }: Around): ReadValues {
	const rejections: Rejection[] = [];
	const events: Event[] = [];
	for (const [index, value] of values.entries()) {
		const event = isTooLarge(value, text) ? 'larger than 64 KiB' : readEvent(value);
		if (typeof event === 'string') rejections.push({ index, reason: event });
		else if (signing?.isRequired && voucherOf(signing, event.shopDomain) === null) {
			rejections.push({ index, reason: OTHER_SHOP });
		} else events.push(event);
	}

	const times = events.map((event) => readTime(event.timestamp));
	const shifts = clockShifts(times, sentAt, now);
	const rows: LogRow[] = events.map((event, index) => {
		const time = times[index] ?? null;
		const clockShiftMs = shifts[index] ?? 0;
		const clientTime = time === null ? null : Math.max(0, time + clockShiftMs);
		const keyId = signing && voucherOf(signing, event.shopDomain);
		return logRow({ ...event, ...origin, clientTime, clockShiftMs, serverTime: now, keyId });
	});
	return { rows, rejections, rejected: rejectedRows(rejections, values, bytes, origin, now) };
}

/** A batch comes as `{events: [...]}`, as a bare array, or as one bare event. */
function eventsOf(json: unknown): { values: unknown[]; sentAt: number | null } | Fault {
	if (Array.isArray(json)) return { values: json, sentAt: null };
	if (typeof json === 'object' && json !== null) {
		const sentAt =
			'sentAt' in json && (typeof json.sentAt === 'string' || typeof json.sentAt === 'number') ? json.sentAt : null;
		if ('events' in json && Array.isArray(json.events)) return { values: json.events, sentAt: readTime(sentAt) };
		if (looksLikeEvent(json)) return { values: [json], sentAt: readTime(sentAt) };
	}
	return {
		code: 'invalid_batch',
		message: 'The body is not a batch. Send {"events": [...]}, an array of events, or one event with a "type".'
	};
}

/** Whether the event's JSON has too many bytes. The whole body's length spares most events the count. */
function isTooLarge(value: unknown, text: string): boolean {
	if (text.length * 3 <= MAX_EVENT_BYTES || typeof value !== 'object' || value === null) return false;
	return jsonSize(value, MAX_EVENT_BYTES) > MAX_EVENT_BYTES;
}

/** Bytes of the value's JSON without white space; stops counting past the limit. Needs no stack: the value can be deep. */
function jsonSize(value: object, limit: number): number {
	let size = 0;
	const pending: unknown[] = [value];
	while (pending.length > 0 && size <= limit) {
		const next = pending.pop();
		if (typeof next === 'string') size += Buffer.byteLength(JSON.stringify(next));
		else if (Array.isArray(next)) {
			size += 2 + Math.max(0, next.length - 1);
			for (const child of next) pending.push(child);
		} else if (typeof next === 'object' && next !== null) {
			const members = Object.entries(next);
			size += 2 + Math.max(0, members.length - 1);
			for (const [key, child] of members) {
				size += Buffer.byteLength(JSON.stringify(key)) + 1;
				pending.push(child);
			}
		} else size += String(next).length;
	}
	return size;
}

function rejectedRows(
	rejections: Rejection[],
	values: unknown[],
	bytes: Uint8Array,
	origin: Origin,
	serverTime: number
): RejectedRow[] {
	if (rejections.length === 0) return [];
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
	const slices = elementSlices(text);
	const seen = new Map<string, number>();
	return rejections.map(({ index, reason }) => {
		const raw = (slices?.length === values.length ? slices[index] : text) ?? text;
		const repetition = seen.get(raw) ?? 0;
		seen.set(raw, repetition + 1);
		return rejectedRow({ raw: Buffer.from(raw, 'latin1'), reason, serverTime, repetition, ...origin });
	});
}
