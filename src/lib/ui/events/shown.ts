/** An event of the log as a page shows it: its JSON as text, and no more of it than anybody reads. */
import type { Millis } from '$lib/live/messages';
import { kilobytes } from '../format';

export interface ShownEvent {
	/** Unique among all events. */
	key: string;
	id: string;
	type: string;
	session: string | null;
	shop: string | null;
	clientTime: Millis | null;
	serverTime: Millis;
	clockShiftMs: number;
	userAgent: string | null;
	ip: string | null;
	/** The write key that vouched for it. */
	keyId: string | null;
	/** The beginning of the data on one line. */
	brief: string;
	data: string;
	device: string | null;
}

/** Events of 64 KiB times fifty would be a page of megabytes. */
const CHARACTERS = 8_000;
const BRIEF_CHARACTERS = 200;

/** An event as the database has it. */
export type WholeEvent = Omit<ShownEvent, 'key' | 'brief' | 'data' | 'device'> & { data: unknown; device: unknown };

/** What a page shows of an event. As text: data hold whatever clients sent, also keys that a page's serializer refuses. */
export function shownEvent({ data, device, ...event }: WholeEvent): ShownEvent {
	const brief = JSON.stringify(data).slice(0, BRIEF_CHARACTERS);
	return {
		id: event.id,
		type: event.type,
		session: event.session,
		shop: event.shop,
		clientTime: event.clientTime,
		serverTime: event.serverTime,
		clockShiftMs: event.clockShiftMs,
		userAgent: event.userAgent,
		ip: event.ip,
		keyId: event.keyId,
		key: JSON.stringify([event.shop, event.id]),
		brief,
		data: pretty(data),
		device: device === null ? null : pretty(device)
	};
}

function pretty(value: unknown): string {
	const text = JSON.stringify(value, null, 2);
	return text.length <= CHARACTERS ? text : `${text.slice(0, CHARACTERS)}\n… (${kilobytes(text.length)} in all)`;
}
