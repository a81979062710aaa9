/**
 * Rows that don't move under the pointer. When a list is read anew, the rows that are shown keep their places and take
 * their new content; rows that were not there wait until the reader asks for them. Another address is another list, and
 * shows all at once.
 */
import { hold, type Held } from './hold';

export class HeldRows<T> {
	readonly #id: (row: T) => string;
	/** What was shown last: it follows from the reads so far, and is not looked at by anyone else. */
	#before: Held<T> | null = null;
	/** How often the reader asked for the new rows: each time it is another list. */
	#asked = $state(0);
	readonly #held: Held<T>;

	/**
	 * @param rows the list as it was read last
	 * @param id what makes a row the same row
	 * @param key what makes it the same list: the page's query
	 */
	constructor(rows: () => readonly T[], id: (row: T) => string, key: () => string) {
		this.#id = id;
		this.#held = $derived.by(() => (this.#before = hold(this.#before, `${this.#asked} ${key()}`, rows(), id)));
	}

	/** The rows to show, in their places. */
	get rows(): readonly T[] {
		return this.#held.shown;
	}

	/** How many new rows wait. */
	get waiting(): number {
		return this.#held.waiting;
	}

	/** Is the row still in the list, as it was last read? One that left its filter, or this page of the list, is not. */
	isCurrent(row: T): boolean {
		return this.#held.current.has(this.#id(row));
	}

	/** Shows the list as it is now. */
	show(): void {
		this.#asked++;
	}
}
