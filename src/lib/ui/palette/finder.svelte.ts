/**
 * The search behind a field: asks after a moment of quiet, and shows only the answer to what was asked last, whatever
 * order answers come in.
 */
import type { Found } from './entries';

const QUIET_MS = 150;

export class Finder {
	/** What was found last; null before the first answer. */
	found = $state.raw<Found | null>(null);
	/** The text that `found` is the answer to. */
	answered = $state('');
	failed = $state(false);
	#timer: ReturnType<typeof setTimeout> | undefined;
	#asking: AbortController | null = null;

	/** Looks for a text, instead of whatever was looked for before. */
	look(text: string): void {
		clearTimeout(this.#timer);
		this.#asking?.abort();
		this.failed = false;
		const wanted = text.trim();
		if (wanted === '') {
			this.found = null;
			this.answered = '';
			return;
		}
		this.#timer = setTimeout(() => void this.#ask(wanted), QUIET_MS);
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#asking?.abort();
	}

	async #ask(text: string): Promise<void> {
		const asking = new AbortController();
		this.#asking = asking;
		try {
			const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(text)}`, { signal: asking.signal });
			if (!answer.ok) throw new Error(`the search answered ${answer.status}`);
			// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the server's own answer
			const found = (await answer.json()) as Found;
			if (asking.signal.aborted) return;
			this.found = found;
			this.answered = text;
		} catch {
			// Given up for a newer question, which is no failure; or the server is away.
			if (!asking.signal.aborted) this.failed = true;
		}
	}
}
