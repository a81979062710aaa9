/**
 * What this page tells the Control Room, event by event, and what becomes of each. It only listens in, by what the SDK
 * offers to any shop: `beforeSend` sees each event, a `fetch` of the shop's own sees the requests and their answers, and
 * `onDrop` hears of what was given up.
 */
import { SvelteMap } from 'svelte/reactivity';

type Sdk = NonNullable<typeof globalThis.ControlRoom>;
export type Client = ReturnType<Sdk['createClient']>;
export type Session = ReturnType<Client['session']>;
type Options = Parameters<Sdk['createClient']>[0];
type OutgoingEvent = Parameters<NonNullable<Options['beforeSend']>>[0];

/** Waiting in the queue, under way, committed (the server's receipt says so), or given up. */
export type Fate = 'waiting' | 'sending' | 'committed' | 'dropped';

export interface ToldEvent {
	id: string;
	type: string;
	/** What of its data a person would ask for first. */
	detail: string;
	at: string;
	fate: Fate;
}

export class Told {
	/** In the order in which they happened. */
	#events = new SvelteMap<string, ToldEvent>();
	/** What the server, or the network, said last. */
	answer = $state<string | null>(null);

	get events(): ToldEvent[] {
		return [...this.#events.values()];
	}

	count(fate: Fate): number {
		return this.events.filter((event) => event.fate === fate).length;
	}

	/** What the SDK is to be made with. */
	readonly options = {
		beforeSend: (event: OutgoingEvent): OutgoingEvent => {
			const { id, type, timestamp, data } = event;
			this.#events.set(id, { id, type, detail: detailOf(data), at: timestamp, fate: 'waiting' });
			return event;
		},
		onDrop: ({ id }: OutgoingEvent): void => this.#mark([id], 'dropped'),
		fetch: async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
			const ids = idsOf(init?.body);
			this.#mark(ids, 'sending');
			try {
				const response = await fetch(input, init);
				this.answer = `${response.status} ${response.statusText}`.trim();
				// A rejected one is dropped a moment later: the SDK reads the receipt too, and says which.
				this.#mark(ids, response.ok ? 'committed' : 'waiting');
				return response;
			} catch (error) {
				this.answer = 'no answer; it tries again';
				this.#mark(ids, 'waiting');
				throw error;
			}
		}
	} satisfies Partial<Options>;

	/** Events of an earlier visit, which the SDK had kept, are not in the list. */
	#mark(ids: string[], fate: Fate): void {
		for (const id of ids) {
			const event = this.#events.get(id);
			if (event && event.fate !== 'dropped') this.#events.set(id, { ...event, fate });
		}
	}
}

function idsOf(body: unknown): string[] {
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the SDK wrote it
	return typeof body === 'string' ? (JSON.parse(body) as { events: { id: string }[] }).events.map(({ id }) => id) : [];
}

const TELLING = ['step', 'status', 'action', 'editType', 'adjustType', 'errorCode', 'costUsd', 'addedToCart'] as const;

function detailOf(data: object): string {
	const fields = new Map<string, unknown>(Object.entries(data));
	const shown = TELLING.flatMap((name) => {
		const value = fields.get(name);
		if (name === 'costUsd' && typeof value === 'number') return [`$${value}`];
		if (name === 'addedToCart') return value === true ? ['in cart'] : [];
		return typeof value === 'string' ? [value] : [];
	});
	return shown.join(' · ');
}
