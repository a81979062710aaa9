/**
 * The client: events in, never an exception out. What it accepts (each call that accepts says the event's id) is written
 * to the store before the call returns, and from then on is either committed by the server exactly once or reported to
 * `onDrop`. It sets no cookies, asks nothing of the page, and does nothing when it is imported. At most 3 kB gzipped.
 */
import type { EventMap } from '../lib/events/families';
import { newId } from './id';
import { createSender, type DropReason, type Limits } from './sender';
import { createSession, type Send, type Session, type Track } from './session';
import { guarded, isPage, pageStorage, pageStore, type Store } from './store';

/** An event as it is sent. */
export interface OutgoingEvent {
	id: string;
	type: string;
	sessionId?: string | undefined;
	shopDomain: string;
	/** ISO 8601, by the client's clock. */
	timestamp: string;
	data: object;
	deviceContext?: object | undefined;
	[more: string]: unknown;
}

export interface ClientOptions extends Limits {
	/** Such as `example.myshopify.com`. */
	shopDomain: string;
	/** Instead of what the browser says of itself. */
	deviceContext?: object | undefined;
	/** Where events wait. Default: localStorage in pages, memory elsewhere. */
	store?: Store | undefined;
	/** Sees each event before it is stored, may change it, and keeps it back by returning null. */
	beforeSend?: ((event: OutgoingEvent) => OutgoingEvent | null) | undefined;
	/** Hears of each event that will not be in the database. */
	onDrop?: ((event: OutgoingEvent, reason: DropReason, detail?: string) => void) | undefined;
	/** Begins as opted out, for shops that ask first: see `optIn`. */
	optOut?: boolean | undefined;
	/** Says what it does: true for the browser's console. */
	debug?: boolean | ((message: string, detail?: unknown) => void) | undefined;
}

export interface CoreClient<Events = EventMap> {
	/** Any event: the known types, those of the map that the client was made with, or others. */
	track: Track<Events>;
	/** A session, new or, with the id of an earlier one, that one again. */
	session(id?: string): Session<Events>;
	buttonImpression(data?: EventMap['ar_button_impression']): void;
	buttonClick(data?: EventMap['ar_button_click']): void;
	postArAction(action: NonNullable<EventMap['post_ar_action']['action']>, data?: EventMap['post_ar_action']): void;
	/** Resolves when all that was accepted so far is committed or dropped, however long that takes. */
	flush(): Promise<void>;
	/** Flushes for at most so long (default 5,000 ms), then stops for good. What is left waits in the store if that lasts. */
	shutdown(timeoutMs?: number): Promise<void>;
	/** The shopper's wish: collects nothing more, forgets what waits, and remembers it in this browser. */
	optOut(): void;
	/** Takes an opt-out back. */
	optIn(): void;
}

const OPTED_OUT = 'control-room:opted-out';

/**
 * Makes a client. `Custom` maps the shop's own event types to their data:
 * `createClient<{ room_uploaded: { fileSize: number } }>({ … })`.
 */
export function createClient<Custom = unknown>(options: ClientOptions): CoreClient<EventMap & Custom> {
	const { endpoint, shopDomain, deviceContext, beforeSend } = options;
	const store = options.store ?? pageStore(endpoint);
	const disk = pageStorage();
	/** What open sessions do when the page goes away. */
	const leaving = new Set<() => void>();
	const listening = new AbortController();
	let optedOut = options.optOut;
	let closed = false;

	// eslint-disable-next-line no-console -- asked for
	const say = options.debug === true ? console.debug : options.debug;
	const debug = (message: string, detail?: unknown): void =>
		guarded(() => {
			if (say) say(`Control Room: ${message}`, detail);
		});
	const onDrop = (event: OutgoingEvent, reason: DropReason, detail?: string): void => {
		debug(`dropped: ${reason}`, event);
		guarded(() => options.onDrop?.(event, reason, detail));
	};

	const sender = createSender({
		...options,
		store,
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- written below
		onDrop: (json, reason, detail) => onDrop(JSON.parse(json) as OutgoingEvent, reason, detail),
		debug
	});

	const send: Send = (type, data, sessionId, known) => {
		const id = newId();
		const event = {
			id,
			type,
			sessionId,
			shopDomain,
			timestamp: new Date().toISOString(),
			data: {},
			deviceContext
		};
		try {
			if (closed || optedOut || disk?.getItem(OPTED_OUT)) return null;
			event.data = known ? { ...known, ...data } : (data ?? {});
			const kept = beforeSend ? beforeSend(event) : event;
			debug(type, kept);
			return kept && sender.add(id, JSON.stringify({ ...kept, id })) ? id : null;
		} catch (error) {
			// What was thrown may be unreadable as well.
			onDrop(
				event,
				'invalid',
				guarded(() => String(error))
			);
			return null;
		}
	};

	if (isPage) {
		const on = (type: string, listener: () => unknown): void =>
			addEventListener(type, listener, { signal: listening.signal });
		const leave = (): void => guarded(sender.leave);
		on('pagehide', () => {
			leaving.forEach((end) => end());
			leave();
		});
		on('visibilitychange', () => document.hidden && leave());
		on('online', sender.wake);
	}

	return {
		track: (type, data) => send(type, data),
		session: (id) => createSession(send, isPage ? leaving : undefined, id),
		buttonImpression: (data) => send('ar_button_impression', data),
		buttonClick: (data) => send('ar_button_click', data),
		postArAction: (action, data) => send('post_ar_action', data, undefined, { action }),
		flush: sender.flush,
		async shutdown(timeoutMs = 5_000) {
			closed = true;
			listening.abort();
			const timeout = setTimeout(sender.stop, timeoutMs);
			await sender.flush();
			clearTimeout(timeout);
			sender.stop();
			if (!store.durable) sender.clear('shut_down');
		},
		optOut() {
			optedOut = true;
			// First, since it may be these events that fill the storage.
			guarded(() => sender.clear('opted_out'));
			guarded(() => disk?.setItem(OPTED_OUT, '1'));
		},
		optIn() {
			optedOut = false;
			guarded(() => disk?.removeItem(OPTED_OUT));
		}
	};
}
