/**
 * What the lists of a page showed when it was left, for whoever comes back to it by the history: the server has other
 * rows by then, and the reader would look for the one that they had opened at another place. It is kept in the memory of
 * the document, never in the browser's storage: rows are about shoppers, and a tab outlives a login. SvelteKit's snapshots
 * say which page of the history is meant; they hold a number alone.
 */
import { flushSync } from 'svelte';

interface KeptList<L> {
	/** What it shows as it is left. */
	left: () => L;
	/** What it showed when it was left. */
	found: (list: L) => void;
}

/** Pages that can be gone back to with their rows: who goes further finds the latest ones. */
const PAGES_KEPT = 30;

const lists = new Map<string, KeptList<unknown>>();
const pages = new Map<number, ReadonlyMap<string, unknown>>();
/** Numbers of documents before this one, which snapshots of the browser's own storage may hold still, are none of ours. */
let last = Math.round(performance.timeOrigin);

/** A list is on the page from now on. @returns what to call when it is not any more */
export function keepList<L>(name: string, list: KeptList<L>): () => void {
	// The server renders pages of many readers, and none of them comes back to it.
	if (typeof document === 'undefined') return () => undefined;
	const kept: KeptList<unknown> = {
		left: list.left,
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- what the list of this name said itself
		found: (held) => list.found(held as L)
	};
	lists.set(name, kept);
	return () => {
		// The next page's list of the same name is there before this one is gone.
		if (lists.get(name) === kept) lists.delete(name);
	};
}

/** For the snapshot of a layout that all pages have. */
export const keptLists = {
	capture(): number {
		pages.set(++last, new Map([...lists].map(([name, { left }]) => [name, left()])));
		pages.delete(last - PAGES_KEPT);
		return last;
	},
	restore(number: number): void {
		const { scrollX, scrollY } = window;
		flushSync(() => {
			for (const [name, held] of pages.get(number) ?? []) lists.get(name)?.found(held);
		});
		// SvelteKit has scrolled already, and the browser holds on to a row that moves now.
		scrollTo(scrollX, scrollY);
	}
};
