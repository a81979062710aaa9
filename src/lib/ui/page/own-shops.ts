/** The shops that whoever looks at a page sees, for all that the page is made of. */
import { createContext } from 'svelte';

/** Null: all of them. A function, because it is what the page knows now. */
const [read, provideOwnShops] = createContext<() => readonly string[] | null>();

export { read as ownShops, provideOwnShops };
