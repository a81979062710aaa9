/**
 * An object of the archive without what is to be forgotten. Its other events give the same rows when they are read back,
 * which is tried before anything is written, and stay byte for byte as they were wherever that is enough.
 */
import { jsonString } from '../../events/canonical';
import { parseObject, type ArchivedEvent } from '../archive/parse';
import type { LogRow } from '../commit/rows';
import type { Steps } from '../archive/steps';
import { elementSlices } from '../ingest/slices';
import type { Matcher } from './matching';

/** What of an object remains. */
export type Remainder =
	| { kind: 'untouched' }
	/** Nothing is left that would be worth an object. */
	| { kind: 'nothing'; removed: number }
	| { kind: 'rest'; body: Buffer; removed: number; events: number };

/** Takes out of an object what matches. One that cannot be read goes as a whole when it names what is to be forgotten. */
export function* withoutForgotten(body: Uint8Array, matcher: Matcher): Steps<Remainder> {
	const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
	if (!matcher.mayBeIn(bytes)) return { kind: 'untouched' };
	const object = openObject(bytes);
	if (object === null) return matcher.isNamedIn(bytes) ? { kind: 'nothing', removed: 0 } : { kind: 'untouched' };
	const { slices, values, around } = object;
	const stays: boolean[] = [];
	for (const [at, value] of values.entries()) {
		stays.push(!matcher.isForgotten(value, () => Buffer.from(slices()[at] ?? '', 'latin1'), around));
		yield;
	}
	const events = stays.filter(Boolean).length;
	const removed = values.length - events;
	if (removed === 0) return { kind: 'untouched' };
	if (events === 0) return { kind: 'nothing', removed };

	const head = headOf(around, values.filter((_, at) => stays[at]), matcher); // prettier-ignore
	const asTheyWere = written(
		head,
		Buffer.from(
			slices()
				.filter((_, at) => stays[at])
				.join(','),
			'latin1'
		)
	);
	const anew = yield* writtenAnew(bytes, asTheyWere, matcher);
	if (anew === 'nothing') return { kind: 'nothing', removed: values.length };
	return { kind: 'rest', body: anew ?? asTheyWere, removed, events };
}

/** Whether an object holds anything that matches. */
export function* holdsForgotten(body: Uint8Array, matcher: Matcher): Steps<boolean> {
	const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
	if (!matcher.mayBeIn(bytes)) return false;
	const object = openObject(bytes);
	if (object === null) return matcher.isNamedIn(bytes);
	const { slices, values, around } = object;
	for (const [at, value] of values.entries()) {
		if (matcher.isForgotten(value, () => Buffer.from(slices()[at] ?? '', 'latin1'), around)) return true;
		yield;
	}
	return false;
}

/** The rows of the log of those events of an object that match. */
export function* forgottenRows(body: Uint8Array, matcher: Matcher): Steps<ArchivedEvent[]> {
	const object = yield* parseObject(body, Infinity);
	if ('damage' in object) return [];
	const forgotten: ArchivedEvent[] = [];
	for (const event of object.events) {
		if (matcher.isForgotten(ownEvent(event.row), () => EMPTY, {})) forgotten.push(event);
		yield;
	}
	return forgotten;
}

/** The object's text around its events. */
function written(head: Record<string, unknown>, events: Buffer): Buffer {
	const members = Object.entries(head).map(([name, value]) => {
		const text = Buffer.from(`${jsonString(name)}:`);
		if (name === 'events') return Buffer.concat([text, Buffer.from('['), events, Buffer.from(']')]);
		return Buffer.concat([text, Buffer.from(JSON.stringify(value))]);
	});
	const parts = members.flatMap((member, at) => (at === 0 ? [member] : [Buffer.from(','), member]));
	return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]);
}

interface OpenedObject {
	values: unknown[];
	/** Each event's own bytes, one character a byte. */
	slices: () => string[];
	/** The object, whose `events` stand for their place. */
	around: Record<string, unknown>;
}

/** Null when it is no object with events. */
function openObject(bytes: Buffer): OpenedObject | null {
	let json: unknown;
	try {
		json = JSON.parse(new TextDecoder().decode(bytes));
	} catch {
		return null;
	}
	if (!isRecord(json) || !Array.isArray(json['events'])) return null;
	const values: unknown[] = json['events'];
	let found: string[] | null = null;
	const slices = (): string[] => {
		if (found === null) {
			found = elementSlices(bytes.toString('latin1'));
			if (found?.length !== values.length) found = values.map((value) => Buffer.from(JSON.stringify(value)).toString('latin1')); // prettier-ignore
		}
		return found;
	};
	return { values, slices, around: json };
}

/** What stands around the events, which follows from them in objects of this version. */
function headOf(rest: Record<string, unknown>, values: readonly unknown[], matcher: Matcher): Record<string, unknown> {
	const events = values.filter(isRecord);
	const isOwn = events.length === values.length && events.every((event) => typeof event['id'] === 'string' && typeof event['serverTimestamp'] === 'string' && 'ip' in event); // prettier-ignore
	const request = isRecord(rest['request']) ? rest['request'] : {};
	if (!isOwn) {
		const origin = request['origin'];
		const names = typeof origin === 'string' && matcher.isNamedIn(Buffer.from(origin));
		return names ? { ...rest, request: { ...request, origin: null } } : rest;
	}
	const [first] = events;
	const shop = first?.['shopDomain'];
	const times = events.map((event) => String(event['serverTimestamp']));
	return {
		...rest,
		serverTimestamp: times.reduce((earliest, time) => (time < earliest ? time : earliest)),
		request: {
			...request,
			origin: typeof shop === 'string' && shop !== '' ? `https://${shop}` : null,
			userAgent: first?.['userAgent'] ?? null,
			ip: first?.['ip'] ?? null
		}
	};
}

/**
 * Null when the rest gives the rows that its events gave in the whole. An older object may not: the clock of a batch is set
 * right as a whole, so that a row follows from its neighbours too. Then it is written anew, as objects of this version are, of
 * which each event says all of its row; what in it was no event is left out. Where none stays there is nothing to write.
 */
function* writtenAnew(before: Buffer, after: Buffer, matcher: Matcher): Steps<Buffer | 'nothing' | null> {
	const whole = yield* parseObject(before, Infinity);
	const rest = yield* parseObject(after, Infinity);
	if ('damage' in whole || 'damage' in rest) return null;
	const known = new Set(whole.events.map(({ row }) => row.json));
	if (rest.events.every(({ row }) => known.has(row.json))) return null;
	const events: Record<string, unknown>[] = [];
	for (const { row } of whole.events) {
		const event = ownEvent(row);
		if (!matcher.isForgotten(event, () => EMPTY, {})) events.push(event);
		yield;
	}
	if (events.length === 0) return 'nothing';
	return written(headOf({ serverTimestamp: null, request: {}, events: [] }, events, matcher), Buffer.from(events.map((event) => JSON.stringify(event)).join(','))); // prettier-ignore
}

const EMPTY = Buffer.alloc(0);

/** An event as objects of this version have it. */
function ownEvent({ json }: LogRow): Record<string, unknown> {
	const row: unknown = JSON.parse(json);
	if (!isRecord(row)) throw new Error('a row of the log is no object');
	const { id, type, session, shop, data, device, client, server, agent, ip, shift, key, extra } = row;
	const meant = typeof client === 'string' ? new Date(Date.parse(client) - Number(shift)).toISOString() : null;
	return {
		type,
		sessionId: session,
		shopDomain: shop,
		data,
		timestamp: meant,
		deviceContext: device,
		id,
		serverTimestamp: server,
		userAgent: agent,
		ip,
		...(shift === 0 ? {} : { clockShiftMs: shift }),
		...(key === undefined ? {} : { keyId: key }),
		...(extra === undefined ? {} : { extra })
	};
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
