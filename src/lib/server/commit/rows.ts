/**
 * What goes into a commit: rows of the log and rejected events, each serialised once, where it was made.
 */
import { hash } from 'node:crypto';
import { canonicalJson, jsonString } from '../../events/canonical';
import type { Event } from '../../events/envelope';

/** Which program commits; stands in the commit's row. */
export type CommitSource = 'ingest' | 'sweep' | 'operator' | 'simulate' | 'backfill';

/** Where an event came from. */
export interface Origin {
	userAgent: string | null;
	ip: string | null;
}

/** An event ready for the log. */
export interface LogRow {
	/** What makes it unique: its shop and its id. */
	key: string;
	type: string;
	/** When the server received it, in milliseconds since 1970: decides the month of the log. */
	serverTime: number;
	/** When its client says that it happened, by the client's own clock; null where it says nothing. */
	sentTime: number | null;
	/** Its columns as JSON, as the commit statement reads them. */
	json: string;
}

/** A rejected event ready for `rejected_events`. */
export interface RejectedRow {
	json: string;
}

/** What one request (or one program's round) wants committed. */
export interface Batch {
	source: CommitSource;
	events: LogRow[];
	rejected: RejectedRow[];
	/** Size of it all in characters: what the queue is bounded by. */
	size: number;
}

/** An event with its origin and its times. Without an id of its own, one is derived from its content. */
export interface LogEvent extends Event, Origin {
	/** Client time in milliseconds since 1970, already corrected by `clockShiftMs`; null where there is none. */
	clientTime: number | null;
	clockShiftMs: number;
	/** Milliseconds since 1970. */
	serverTime: number;
	/** The write key that vouched for it. It is no part of what the event is. */
	keyId?: string | null;
}

/** The key under which an event is unique. */
export function eventKey(shop: string | null, id: string): string {
	return shop === null ? `\u0001${id}` : `${shop}\u0000${id}`;
}

/** Shop and id, from the key that they make. */
export function keyParts(key: string): { shop: string | null; id: string } {
	const at = key.indexOf('\u0000');
	return at === -1 ? { shop: null, id: key.slice(1) } : { shop: key.slice(0, at), id: key.slice(at + 1) };
}

/** Serialises an event for the log. A client that sends no id gets one from the content, the same on every retry. */
export function logRow(event: LogEvent): LogRow {
	const said = canonicalJson(event.data);
	// Also where it is a number beyond all that JSON can say: the log has no event without data.
	const data = said === 'null' ? '{}' : said;
	const device = canonicalJson(event.deviceContext);
	const id = event.id ?? contentId(event, data, device);
	const json =
		`{"id":${jsonString(id)},"type":${jsonString(event.type)},"session":${textOrNull(event.sessionId)},` +
		`"shop":${textOrNull(event.shopDomain)},"data":${data},"device":${device},` +
		`"client":${timeOrNull(event.clientTime)},"server":${timeOrNull(event.serverTime)},` +
		`"agent":${textOrNull(event.userAgent)},"ip":${textOrNull(event.ip)},"shift":${event.clockShiftMs}` +
		(event.keyId ? `,"key":${jsonString(event.keyId)}` : '') +
		(event.extra === null ? '}' : `,"extra":${canonicalJson(event.extra)}}`);
	const { type, serverTime, clientTime, clockShiftMs } = event;
	const sentTime = clientTime === null ? null : clientTime - clockShiftMs;
	return { key: eventKey(event.shopDomain, id), type, serverTime, sentTime, json };
}

export interface RejectedEvent extends Origin {
	/** The event as it came. */
	raw: Uint8Array;
	reason: string;
	/** Milliseconds since 1970. */
	serverTime: number;
	/** How many of the same stand before it in its batch: each of them is kept. */
	repetition?: number;
}

/**
 * Serialises a rejected event. Its id follows from what came, from whom, and the UTC day: a client that sends the same bad
 * event again and again fills one row a day, not the disk.
 */
export function rejectedRow(rejection: RejectedEvent): RejectedRow {
	const { raw, reason, serverTime, userAgent, ip, repetition = 0 } = rejection;
	const time = timeOrNull(serverTime);
	const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
	const id = hash('sha256', JSON.stringify([bytes, reason, userAgent, ip, time.slice(1, 11), repetition]));
	const json =
		`{"id":"${id.slice(0, 32)}","server":${time},"reason":${jsonString(reason)},"raw":"${bytes}",` +
		`"agent":${textOrNull(userAgent)},"ip":${textOrNull(ip)}}`;
	return { json };
}

/** A row of the log that was kept as text because the database did not take it. */
export function keptRow(columns: unknown, json: string): LogRow {
	const column = (name: string): unknown =>
		typeof columns === 'object' && columns !== null ? Reflect.get(columns, name) : null;
	const shop = column('shop');
	return {
		key: eventKey(typeof shop === 'string' ? shop : null, String(column('id'))),
		type: String(column('type')),
		serverTime: Date.parse(String(column('server'))),
		sentTime: column('client') === null ? null : Date.parse(String(column('client'))) - Number(column('shift')),
		json
	};
}

/** Puts rows together to a batch. */
export function batchOf(source: CommitSource, events: LogRow[], rejected: RejectedRow[] = []): Batch {
	let size = 0;
	for (const row of events) size += row.json.length;
	for (const row of rejected) size += row.json.length;
	return { source, events, rejected, size };
}

/** 132 bits of the SHA-256 of shop, session, type, timestamp, data and device. */
function contentId(event: LogEvent, data: string, device: string): string {
	const content = [
		textOrNull(event.shopDomain || null),
		textOrNull(event.sessionId),
		jsonString(event.type),
		JSON.stringify(event.timestamp),
		data,
		device
	].join('\n');
	return `c_${hash('sha256', content, 'base64url').slice(0, 22)}`;
}

function textOrNull(text: string | null): string {
	return text === null ? 'null' : jsonString(text);
}

function timeOrNull(millis: number | null): string {
	return millis === null ? 'null' : `"${new Date(millis).toISOString()}"`;
}
