/** Whether what stands on the wall leads to pages: a screen's visitor may see no other page, so nothing on it is a link. */
import { createContext } from 'svelte';

const [get, set] = createContext<() => boolean>();

/** Says it to all that is on the wall. Call it while the page is made. */
export const provideLeading = set;

/** Whether to make links. Call it while a component is made. */
export const useLeading = get;
