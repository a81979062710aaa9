/**
 * Rows that don't move under the pointer. When a list is read anew, the rows that are shown keep their places and take
 * their new content; rows that were not there wait until the reader asks for them. Another address is another list, and
 * shows all at once. Whoever comes back to a list by the history finds the rows that they left (see kept.ts).
 */
import { onDestroy } from 'svelte';
import { page } from '$app/state';
import { withParams } from '$lib/query';
import { hold, type Held } from './hold';
import { keepList } from './kept';

export interface HeldOptions<T> {
	/** What tells it from the other lists of its page. */
	name: string;
	/** The list as it was read last. */
	rows: () => readonly T[];
	/** What makes a row the same row. */
	id: (row: T) => string;
}

/** What an address carries that makes it no other list. */
const LOOKS = { theme: null, kiosk: null };

export class HeldRows<T> {
	readonly #id: (row: T) => string;
	/** What was shown last: it follows from the reads so far, and is not looked at by anyone else. */
	#before: Held<T> | null = null;
	/** What to begin with, whenever other rows are to be shown though none were read: null for those that were read. */
	#start = $state.raw<{ held: Held<T> | null }>({ held: null });
	#begun: object | null = null;
	readonly #held: Held<T>;

	/** Call it while the component of the list is made. */
	constructor({ name, rows, id }: HeldOptions<T>) {
		this.#id = id;
		const address = () => {
			const cursor = page.url.searchParams.get('cursor');
			return withParams(page.url, { ...LOOKS, cursor });
		};
		this.#held = $derived.by(() => {
			if (this.#begun !== this.#start) {
				this.#begun = this.#start;
				this.#before = this.#start.held;
			}
			return (this.#before = hold(this.#before, address(), rows(), id));
		});
		const forget = keepList<Held<T>>(name, {
			left: () => this.#held,
			found: (held) => this.#begin(held)
		});
		onDestroy(forget);
	}

	/** The rows to show, in their places. */
	get rows(): readonly T[] {
		return this.#held.shown;
	}

	/** How many new rows wait; with `more` there may be others behind them. */
	get waiting(): number {
		return this.#held.waiting;
	}

	get more(): boolean {
		return this.#held.more;
	}

	/** Is the row still in the list, as it was last read? One that left its filter, or this page of the list, is not. */
	isCurrent(row: T): boolean {
		return this.#held.current.has(this.#id(row));
	}

	/** Has the row left the list? While new rows wait, the oldest shown ones have left the page and not the list. */
	isGone(row: T): boolean {
		return this.waiting === 0 && !this.isCurrent(row);
	}

	/** Shows the list as it is now. */
	show(): void {
		this.#begin(null);
	}

	#begin(held: Held<T> | null): void {
		this.#start = { held };
	}
}
