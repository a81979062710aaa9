/**
 * Takes events that are already serialised and brings each to the server: until it says that they are committed, or
 * that they never can be. An event leaves the store only then, so a reload, a crash or a lost answer costs a repetition,
 * which its id makes harmless.
 *
 * Requests are string bodies, hence text/plain: that needs no preflight, and is what a beacon is. They outlive the page
 * (keepalive) as long as all of them together are below what browsers allow, and unlike a beacon their answer can be read.
 * A browser whose requests end with the page gets a beacon then.
 */
import { guarded, type Store } from './store';

/** Why an event was given up. */
export type DropReason =
	/** The server keeps it among its rejected events, and says why. */
	| 'rejected'
	/** The server, or something before it, refused the request for good: the detail is its status (413: too large alone). */
	| 'refused'
	/** As many events wait as may. */
	| 'queue_full'
	/** It can't be written as JSON, or beforeSend failed. */
	| 'invalid'
	/** The shopper opted out. */
	| 'opted_out'
	/** The client was shut down, and its store ends with it. */
	| 'shut_down';

/** Where it sends to, and how much at once. */
export interface Limits {
	/** The full address, such as `https://monitor.example.com/api/analytics/events`. */
	endpoint: string;
	/** The write key of a browser, where the Control Room has keys. It goes with each batch, because beacons have no headers. */
	key?: string | undefined;
	/** A request is made as soon as so many events wait. Default 20, at most 1,000. */
	maxBatchEvents?: number | undefined;
	/** … or so many bytes. Default 48 KiB. */
	maxBatchBytes?: number | undefined;
	/** … or when the oldest has waited so long. Default 1,000. */
	flushIntervalMs?: number | undefined;
	/** Events that may wait; further ones are refused and reported to `onDrop`. Default 1,000. */
	maxQueueEvents?: number | undefined;
	fetch?: typeof fetch | undefined;
}

interface SenderOptions extends Limits {
	store: Store;
	onDrop: (json: string, reason: DropReason, detail?: string) => void;
	debug: (message: string, detail?: unknown) => void;
}

/** A timer, which in Node alone can be told whether it keeps the process alive. */
interface Timer {
	ref?: () => unknown;
	unref?: () => unknown;
}
type Entry = [key: string, json: string];

/** What the server says of a batch that it has committed. */
interface Receipt {
	success?: boolean;
	rejected?: { index: number; reason: string }[];
}

/** Browsers allow 64 KiB for all bodies that may outlive their page; some room is left for others. */
const KEEPALIVE_BYTES = 60_000;
const ENVELOPE_BYTES = 150;
/** Characters of JSON that may wait: browsers give the whole shop five times that. */
const MAX_QUEUE_LENGTH = 1_000_000;
/** How long a request may take: longer than the server's own deadline. */
const TIMEOUT_MS = 15_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** Whatever a server asks for: a mistake there must not silence a shop for a year. */
const MAX_RETRY_AFTER_MS = 3_600_000;

const sizeOf = (text: string): number => new TextEncoder().encode(text).length;

/** Makes a sender; it begins with what an earlier page or process left in the store. */
export function createSender(options: SenderOptions) {
	const {
		endpoint,
		key,
		store,
		debug,
		maxBatchEvents = 20,
		maxBatchBytes = 49_152,
		flushIntervalMs = 1_000,
		maxQueueEvents = 1_000
	} = options;
	/** Whether requests can outlive the page: Firefox learned it in 2024. */
	const outlives = guarded(() => 'keepalive' in Request.prototype);
	/** Keys that are under way in requests that outlive the page. */
	const flying = new Set<string>();
	let flyingBytes = 0;
	let queued = 0;
	let queuedLength = 0;
	/** Most events in the next batch: less than allowed after the server found one too large. */
	let limit = maxBatchEvents;
	let attempts = 0;
	let timer: ReturnType<typeof setTimeout> | undefined;
	/** No request before the timer fires. */
	let paused = false;
	let busy = false;
	let stopped = false;
	/** Of the latest request. */
	let abort: AbortController | undefined;
	let waiting: { keys: string[]; resolve: () => void }[] = [];

	/** What lies in the store, and with it all that follows from that. */
	function look(): Entry[] {
		const entries = store.all();
		queued = entries.length;
		queuedLength = entries.reduce((sum, [, json]) => sum + json.length, 0);
		if (waiting[0]) {
			const keys = new Set(entries.map(([key]) => key));
			waiting = waiting.filter((one) => {
				const left = !stopped && one.keys.some((key) => keys.has(key));
				if (!left) one.resolve();
				return left;
			});
		}
		return entries;
	}

	function arm(delay: number): void {
		clearTimeout(timer);
		timer = setTimeout(() => {
			timer = undefined;
			paused = false;
			void run();
		}, delay);
		// A server that is away must not keep a process alive that has nothing else to do.
		if (paused && !waiting[0]) (timer as Timer).unref?.();
	}

	function backOff(retryAfter?: string | null): void {
		const asked = Number(retryAfter) * 1000 || Date.parse(retryAfter ?? '') - Date.now() || 0;
		// Full jitter: whoever failed together does not come back together.
		const jitter = Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempts++);
		if (stopped) return;
		paused = true;
		arm(Math.min(Math.max(asked, 0), MAX_RETRY_AFTER_MS) + jitter);
	}

	function drop(entries: Entry[], reason: DropReason, detail?: string): void {
		for (const [key, json] of entries) {
			store.remove(key);
			options.onDrop(json, reason, detail);
		}
	}

	/** What waits and is not under way in a request that outlives the page. */
	const open = (): Entry[] => look().filter(([key]) => !flying.has(key));

	/** As many of the entries, from the first on, as fit. */
	function fill(entries: Entry[], maxEvents: number, maxBytes: number): Entry[] {
		let bytes = 0;
		const end = entries.findIndex(([, json], at) => at >= maxEvents || (bytes += sizeOf(json) + 1) > maxBytes);
		return end < 0 ? entries : entries.slice(0, end);
	}

	const bodyOf = (batch: Entry[]): string =>
		JSON.stringify({ sentAt: new Date(), key }).slice(0, -1) + `,"events":[${batch.map(([, json]) => json).join()}]}`;

	/** Sends a batch, and does with its events what the answer says. */
	async function deliver(batch: Entry[], leaving = false): Promise<void> {
		const body = bodyOf(batch);
		const keys = batch.map(([key]) => key);
		const bytes = sizeOf(body);
		// After a failure without: the page's other requests share what browsers allow, and it may have been that.
		const keepalive = !!outlives && (leaving || !attempts) && flyingBytes + bytes <= KEEPALIVE_BYTES;
		if (keepalive) {
			flyingBytes += bytes;
			keys.forEach((key) => flying.add(key));
		}
		const request = (abort = new AbortController());
		const timeout = setTimeout(() => request.abort(), TIMEOUT_MS);
		let response: Response | undefined;
		let receipt: Receipt | undefined;
		try {
			const init: RequestInit = { method: 'POST', body, keepalive, credentials: 'omit', signal: request.signal };
			response = await (options.fetch ?? fetch)(endpoint, init);
			// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- each field is looked at before it is used
			receipt = (await response.json()) as Receipt;
		} catch {
			// No answer, or one that is not the server's.
		}
		clearTimeout(timeout);
		if (keepalive) {
			flyingBytes -= bytes;
			keys.forEach((key) => flying.delete(key));
		}
		const status = response?.status ?? 0;
		debug(`${batch.length} events: ${status}`, receipt);
		if (status < 300 && receipt?.success) {
			attempts = 0;
			limit = Math.min(limit + 1, maxBatchEvents);
			for (const { index, reason } of receipt.rejected ?? []) {
				const entry = batch[index];
				if (entry) options.onDrop(entry[1], 'rejected', reason);
			}
			keys.forEach((key) => store.remove(key));
		} else if (status === 413 && batch.length > 1) limit = batch.length >> 1;
		// A success without the server's receipt is not the server's: a hotel's network says 200 to everything.
		else if (status < 300 || status === 429 || status >= 500) backOff(response?.headers.get('retry-after'));
		else drop(batch, 'refused', `${status}`);
	}

	/** Sends one batch; says whether the next should follow at once. */
	async function step(): Promise<boolean> {
		const entries = open();
		if (!entries[0] || paused || stopped) return false;
		const batch = fill(entries, limit, maxBatchBytes);
		// One that is too large by itself goes alone.
		if (!batch[0]) batch.push(entries[0]);
		await deliver(batch);
		look();
		return batch.length < entries.length || !!waiting[0] || queued >= maxBatchEvents;
	}

	/** What waits is sent within the interval. */
	function rest(): void {
		if (queued && !timer && !stopped) arm(flushIntervalMs);
	}

	/** Sends until the store is empty, or what is left in it may wait. */
	async function run(): Promise<void> {
		if (busy || paused || stopped) return;
		busy = true;
		clearTimeout(timer);
		timer = undefined;
		try {
			while (await (store.exclusive?.(step) ?? step()));
		} catch (error) {
			debug('store', error);
			backOff();
		}
		busy = false;
		rest();
	}

	look();
	rest();

	return {
		/** Accepts an event, unless as many wait as may. Stored when it returns. */
		add(key: string, json: string): boolean {
			if (queued >= maxQueueEvents || queuedLength + json.length > MAX_QUEUE_LENGTH) {
				options.onDrop(json, 'queue_full');
				return false;
			}
			store.put(key, json);
			queued++;
			queuedLength += json.length;
			if (queued - flying.size >= limit || queuedLength >= maxBatchBytes) void run();
			else rest();
			return true;
		},

		/** Resolves when all that lies in the store now is committed or dropped. */
		flush: () =>
			new Promise<void>((resolve) => {
				waiting.push({ keys: store.all().map(([key]) => key), resolve });
				look();
				if (!waiting[0]) return;
				// Whoever waits for it wants the process to live so long.
				(timer as Timer | undefined)?.ref?.();
				void run();
			}),

		/** Sends what it can, now, in requests that outlive the page: the newest, because the others have waited before. */
		leave: (): void => {
			const batch = fill(open().reverse(), 1_000, KEEPALIVE_BYTES - flyingBytes - ENVELOPE_BYTES).reverse();
			if (!batch[0]) return;
			if (outlives) deliver(batch, true).then(look, () => backOff());
			// Nobody hears of its answer, so its events stay in the store, and are sent again if there is a next time.
			else navigator.sendBeacon(endpoint, bodyOf(batch));
		},

		/** Tries again at once: the network came back. */
		wake: (): void => {
			attempts = 0;
			arm(0);
		},

		/** Drops all that waits. */
		clear(reason: DropReason): void {
			drop(store.all(), reason);
			look();
		},

		/** Sends no more, and lets nobody wait any longer. */
		stop: (): void => {
			stopped = true;
			clearTimeout(timer);
			abort?.abort();
			look();
		}
	};
}

export type Sender = ReturnType<typeof createSender>;
