/** The shop: its client of the Control Room, what that was told, the visit that goes on, and the cart. */
import { PRODUCT, SHOP_DOMAIN } from './product';
import { Told, type Client } from './told.svelte';
import { Visit } from './visit.svelte';

/** Sooner than the SDK's default, so that the wall moves with the shopper's hand. */
const FLUSH_INTERVAL_MS = 150;

export class Shop {
	readonly told = new Told();
	visit = $state<Visit | null>(null);
	inCart = $state(0);
	/** Whether the SDK's script is there: a shop must work without it, but this one has nothing else to show. */
	sdk = $state<'loading' | 'ready' | 'failed'>('loading');
	#client: Client | null = null;
	readonly #opened = performance.now();
	#seen = false;

	/** Begins when the SDK's script has run; returns what ends it. */
	open(script: string): () => void {
		const listening = new AbortController();
		const tag = document.querySelector(`script[src="${script}"]`);
		const begin = (): void => {
			if (!globalThis.ControlRoom) {
				this.sdk = 'failed';
				return;
			}
			this.#client = globalThis.ControlRoom.createClient({
				shopDomain: SHOP_DOMAIN,
				flushIntervalMs: FLUSH_INTERVAL_MS,
				...this.told.options
			});
			this.sdk = 'ready';
		};
		if (globalThis.ControlRoom) begin();
		else {
			// Who comes here from another page of the app gets the script only now.
			tag?.addEventListener('load', begin, { signal: listening.signal });
			tag?.addEventListener('error', () => (this.sdk = 'failed'), { signal: listening.signal });
		}
		return () => {
			listening.abort();
			this.visit?.close('left_page');
			void this.#client?.shutdown();
		};
	}

	/** The button came into view: an impression, once a page view. */
	seen(): void {
		if (this.#seen) return;
		this.#seen = true;
		this.#client?.buttonImpression({ ...PRODUCT, timeOnPage: this.#timeOnPage() });
	}

	/** The button was clicked: a session begins. Who is quicker than the browser's word that it is in view has seen it too. */
	begin(): void {
		if (!this.#client) return;
		this.seen();
		this.#client.buttonClick({ ...PRODUCT, timeOnPage: this.#timeOnPage() });
		this.visit = new Visit(this.#client.session(), this.#timeOnPage());
	}

	addToCart(): void {
		this.visit?.finish('add_to_cart');
		this.inCart++;
	}

	#timeOnPage(): number {
		return Math.round(performance.now() - this.#opened);
	}
}
