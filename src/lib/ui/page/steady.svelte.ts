/**
 * Lists that are sorted by numbers which change, such as the ten that cost most. While the pointer is on any list of the
 * page, the rows of all of them keep their places and only take their new numbers: nothing moves under it, nor does a list
 * above become longer. When it leaves, they are in order again.
 */
import { page } from '$app/state';
import { hold, type Held } from './hold';

/** Of the one page that a browser shows; a server has no pointer. */
let isOnList = $state(false);

/** Tells what the pointer is on; null where it is on nothing of the page. */
export function pointAt(target: EventTarget | null): void {
	isOnList = target instanceof Element && target.closest('table, ol, ul') !== null;
}

export class SteadyRows<T> {
	readonly #id: (row: T) => string | null;
	/** What was shown last: it follows from the reads so far, and is not looked at by anyone else. */
	#before: Held<T> | null = null;
	readonly #held: Held<T>;

	/** Call it while the component of the list is made. @param id what makes a row the same row */
	constructor(rows: () => readonly T[], id: (row: T) => string | null) {
		this.#id = id;
		this.#held = $derived.by(() => {
			const before = isOnList ? this.#before : null;
			return (this.#before = hold(before, page.url.href, rows(), (row) => this.#keyOf(row)));
		});
	}

	// A method: V8 allocates a function that is assigned to a property in old space, and with it the whole page would stay there.
	#keyOf(row: T): string {
		return JSON.stringify(this.#id(row));
	}

	/** The rows to show, in their places. */
	get rows(): readonly T[] {
		return this.#held.shown;
	}

	/** Has the row left the list since the pointer came? What it says is what was last known of it. */
	isGone(row: T): boolean {
		return !this.#held.current.has(this.#keyOf(row));
	}
}
