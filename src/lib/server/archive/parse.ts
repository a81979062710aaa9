/**
 * From an object's bytes back to rows of the log, whoever wrote it.
 *
 * Objects of this version carry all that a row says, and give exactly that row: nothing is corrected or derived anew. Older
 * ones are batches as clients sent them, with the time, browser and address of the whole batch: they are read as ingest
 * reads a batch, so that their events get the ids that a retry in the log has. The two are told apart object by object,
 * and an older one never yields an event of the server's own or one that a write key vouched for, whatever a client wrote
 * into it: what the server made has no address, and only an object that agrees with itself as no client could have foreseen
 * is believed to hold such.
 */
import { tooDeep } from '../../events/canonical';
import { readTime } from '../../events/clock';
import { logRow, type LogEvent, type LogRow, type Origin, type RejectedRow } from '../commit/rows';
import { readValues } from '../ingest/parse';
import type { Steps } from './steps';

/** An event of the log, as an object gives it back. */
export interface ArchivedEvent {
	row: LogRow;
	/** Milliseconds since 1970. */
	serverTime: number;
}

export interface ParsedObject {
	/** In the order in which they stand. */
	events: ArchivedEvent[];
	/** What cannot be an event: in older objects alone. */
	rejected: RejectedRow[];
}

/** Why an object gives nothing back. */
export interface Damage {
	damage: string;
}

/** How far a clock of another node may be ahead. */
const AHEAD_MS = 5 * 60_000;
const LATEST = Date.UTC(10_000, 0, 1) - 1;
/** What an event in an object has around the fields that clients send, which lie one level deeper there. */
const ENVELOPE_DEPTH = -1;

/** Reads an object. @param now milliseconds since 1970 */
export function* parseObject(body: Uint8Array, now: number): Steps<ParsedObject | Damage> {
	const text = new TextDecoder('utf-8').decode(body);
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		if (text.trim() === '') return { damage: 'it is empty' };
		return { damage: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
	}
	if (!isObject(json)) return { damage: 'not a JSON object' };
	const { events: values, serverTimestamp, request } = json;
	if (!Array.isArray(values)) return { damage: 'it has no events' };
	const at = isTime(serverTimestamp) ? readTime(serverTimestamp) : null;
	if (at === null) return { damage: 'its serverTimestamp is no time' };
	if (at > now + AHEAD_MS) return { damage: 'its serverTimestamp is in the future' };

	const own = yield* ownEvents(values, isObject(request) ? request : {}, at);
	if (own === null) return readOlder(values, text, body, originOf(request), at);
	const late = own.find(({ serverTime }) => serverTime > now + AHEAD_MS);
	if (late) return { damage: `the serverTimestamp of its event ${late.id ?? ''} is in the future` };
	const events: ArchivedEvent[] = [];
	for (const event of own) {
		events.push({ row: logRow(event), serverTime: event.serverTime });
		yield;
	}
	return { events, rejected: [] };
}

function readOlder(values: unknown[], text: string, bytes: Uint8Array, origin: Origin, now: number): ParsedObject {
	const { rows, rejected } = readValues(values, { text, sentAt: null, origin, now, bytes, signing: null });
	return { events: rows.map((row) => ({ row, serverTime: now })), rejected };
}

/** '' where the address is not known: an event without one would be the server's own. */
function originOf(request: unknown): Origin {
	const { userAgent, ip } = isObject(request) ? request : {};
	return { userAgent: typeof userAgent === 'string' ? userAgent : null, ip: typeof ip === 'string' ? ip : '' };
}

/** The events of an object of this version; null when it is an older one. */
function* ownEvents(values: unknown[], request: Record<string, unknown>, at: number): Steps<LogEvent[] | null> {
	const events: LogEvent[] = [];
	for (const value of values) {
		const event = ownEvent(value);
		if (event === null) return null;
		events.push(event);
		yield;
	}
	const [first] = events;
	if (!first) return null;
	if (events.every(({ ip, keyId }) => ip !== null && !keyId)) return events;
	const earliest = events.reduce((time, event) => Math.min(time, event.serverTime), Infinity);
	const agrees = earliest === at && (request['ip'] ?? null) === first.ip && (request['userAgent'] ?? null) === first.userAgent; // prettier-ignore
	return agrees ? events : null;
}

function ownEvent(value: unknown): LogEvent | null {
	if (!isObject(value) || tooDeep(value, ENVELOPE_DEPTH)) return null;
	const { id, type, sessionId = null, shopDomain = null, timestamp = null, deviceContext = null, extra = null } = value;
	const { data, userAgent, ip, clockShiftMs = 0, keyId = null } = value;
	if (typeof id !== 'string' || id === '' || typeof type !== 'string' || type === '') return null;
	if (!isTextOrNull(sessionId) || !isTextOrNull(shopDomain) || !isTextOrNull(userAgent) || !isTextOrNull(ip))
		return null;
	if (!isTextOrNull(keyId)) return null;
	if (data === undefined || data === null || !(extra === null || isObject(extra))) return null;
	if (typeof clockShiftMs !== 'number' || !Number.isSafeInteger(clockShiftMs)) return null;
	const serverTime = exactTime(value['serverTimestamp']);
	const sent = timestamp === null ? null : exactTime(timestamp);
	if (serverTime === null || (timestamp !== null && sent === null)) return null;
	const clientTime = sent === null ? null : sent + clockShiftMs;
	if (!isLogTime(serverTime) || (clientTime !== null && !isLogTime(clientTime))) return null;
	return {
		id,
		type,
		sessionId,
		shopDomain,
		timestamp: null,
		data,
		deviceContext,
		extra,
		userAgent,
		ip,
		clientTime,
		clockShiftMs,
		serverTime,
		keyId
	};
}

/** A time with its zone. Before the correction of a clock it may lie in any year. */
function exactTime(value: unknown): number | null {
	if (typeof value !== 'string' || !/^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value))
		return null;
	const time = Date.parse(value);
	return Number.isNaN(time) ? null : time;
}

function isLogTime(time: number): boolean {
	return time >= 0 && time <= LATEST;
}

function isTime(value: unknown): value is string | number {
	return typeof value === 'string' || typeof value === 'number';
}

function isTextOrNull(value: unknown): value is string | null {
	return value === null || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
