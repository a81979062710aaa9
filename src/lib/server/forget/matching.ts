/**
 * Which events are to be forgotten, told from the events themselves as clients and the archive write them, and whether
 * bytes that are no event name what is to be forgotten.
 */
import { readTime } from '../../events/clock';
import { readEvent } from '../../events/envelope';
import { SESSION_TIMED_OUT } from '../../events/vocabulary';
import { isOfPerson } from './person';
import { lowerAscii, namesOf, type Subject } from './subject';

export interface Matcher {
	/** Whether it is worth looking closer: false only when nothing of it can be in these bytes. */
	mayBeIn(bytes: Buffer): boolean;
	/** Whether the bytes name it, as a word of its own. */
	isNamedIn(bytes: Buffer): boolean;
	/**
	 * Whether an event is to be forgotten.
	 * @param value as it was parsed; what cannot be an event is told by its bytes
	 * @param around the object that it lies in
	 */
	isForgotten(value: unknown, bytes: () => Buffer, around: Record<string, unknown>): boolean;
}

/**
 * @param sessions those of a person; of a shop those of which the server said later that they ended
 * @param until what a shop sent later stays
 */
export function matcherOf(subject: Subject, sessions: ReadonlySet<string>, until: Date): Matcher {
	const words = wordsOf(subject, sessions);
	// What was too long for a key is known by its beginning and a hash.
	const isShortened = words.some((word) => /~[0-9a-f]{32}$/.test(word));
	const lower = words.map((word) => word.toLowerCase());
	// JSON writes some of what is in them with a backslash, and may write a slash so.
	const isEscapable = words.some((word) => /[\p{Cc}"\\/]/u.test(word));
	// Nothing is named by no word.
	const pattern = lower.length === 0 ? /(?!)/ : new RegExp(`(?<![\\w-]|\\w\\.)(?:${lower.map(escaped).join('|')})(?![\\w-]|\\.\\w)`); // prettier-ignore
	const isNamedIn = (bytes: Buffer) => pattern.test(unescaped(bytes.toString()).toLowerCase());
	return {
		mayBeIn(bytes) {
			const text = bytes.toString().toLowerCase();
			return isShortened || text.includes(isEscapable ? '\\' : '\\u') || lower.some((word) => text.includes(word));
		},
		isNamedIn,
		isForgotten(value, bytes, around) {
			// Reading an event takes a while, and most are of others.
			if (!isShortened && isOfOthers(value, subject)) return false;
			const event = readEvent(value);
			if (typeof event === 'string') return isNamedIn(bytes());
			const { sessionId, shopDomain, data, extra } = event;
			if (subject.kind === 'session') return sessionId === subject.sessionId;
			const isOfShop = shopDomain !== null && lowerAscii(shopDomain) === lowerAscii(subject.shopDomain);
			if (subject.kind === 'customer') {
				if (sessionId !== null) return sessions.has(sessionId);
				return isOfShop && isOfPerson(subject.customer, data, extra);
			}
			if (!isOfShop) return false;
			if (receivedAt(value, around) <= until.getTime()) return true;
			return sessionId !== null && sessions.has(sessionId) && event.type === SESSION_TIMED_OUT && isOwn(value);
		}
	};
}

/** Whether a glance tells that an event names another session or shop, in whatever spelling. */
function isOfOthers(value: unknown, subject: Subject): boolean {
	if (subject.kind === 'customer' || typeof value !== 'object' || value === null) return false;
	if (!('type' in value || 'event_type' in value)) return false;
	const [fields, name] =
		subject.kind === 'session'
			? [['sessionId', 'session_id'], subject.sessionId]
			: [['shopDomain', 'shop_domain', 'shop'], lowerAscii(subject.shopDomain)];
	return fields.every((field) => {
		const given: unknown = Reflect.get(value, field);
		if (given === undefined || given === null) return true;
		// Numbers are read as text, and what is no text is mended: those are looked at closely.
		return (
			typeof given === 'string' &&
			given.isWellFormed() &&
			!given.includes('\0') &&
			(subject.kind === 'shop' ? lowerAscii(given) : given) !== name
		);
	});
}

/** The texts by which it is known. */
export function wordsOf(subject: Subject, sessions: ReadonlySet<string>): string[] {
	switch (subject.kind) {
		case 'session':
			return [subject.sessionId];
		case 'shop':
			return [subject.shopDomain];
		case 'customer':
			return [...sessions, ...namesOf(subject.customer)];
	}
}

/** Whether the server made it: what it received has an address. */
function isOwn(value: unknown): boolean {
	return typeof value === 'object' && value !== null && 'ip' in value && value.ip === null;
}

/** When the server received an event of an object: its own time, or that of its batch. */
function receivedAt(value: unknown, around: Record<string, unknown>): number {
	for (const one of [value, around]) {
		const time: unknown = typeof one === 'object' && one !== null ? Reflect.get(one, 'serverTimestamp') : null;
		const read = typeof time === 'string' || typeof time === 'number' ? readTime(time) : null;
		if (read !== null) return read;
	}
	return 0;
}

/** JSON text with what its escapes stand for. */
function unescaped(text: string): string {
	return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([bfnrt"\\/]))/g, (_, digits?: string, short?: string) =>
		short === undefined ? String.fromCharCode(Number.parseInt(digits ?? '', 16)) : (SHORT[short] ?? short)
	);
}

const SHORT: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function escaped(word: string): string {
	return word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
