/**
 * Where accepted events wait until the server has committed them.
 *
 * In browsers that is localStorage, one key an event: what is written there is out of the tab when setItem returns, so it
 * survives a crash of the tab, where IndexedDB's transaction might still be under way (and costs three times the code).
 * Tabs never rewrite each other's events, because there is no common list to rewrite. Where storage is full, forbidden or
 * absent, events wait in memory.
 */

/** A place for events. All keys are ids that sort by time. Nothing in it is shared with another endpoint's store. */
export interface Store {
	/** Whether what lies in it outlives this page or process. */
	readonly durable: boolean;
	put(key: string, json: string): void;
	/** All that lies in it, the oldest first. */
	all(): [key: string, json: string][];
	remove(key: string): void;
	/** Runs `work` while nobody else who shares the store runs theirs. Without it the store counts as not shared. */
	exclusive?<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** A store that ends with its page or process. */
export function memoryStore(): Store {
	const events = new Map<string, string>();
	return {
		durable: false,
		put: (key, json) => void events.set(key, json),
		all: () => [...events],
		remove: (key) => void events.delete(key)
	};
}

/** How long a tab without Web Locks may take for one request before another tab takes its turn, in milliseconds. */
const LEASE_MS = 20_000;
const LEASE_POLL_MS = 250;

/** Whether this runs in a page. Newer Node versions have a localStorage too, which is nobody's queue. */
export const isPage = typeof document === 'object';

/** Runs what may fail without being anybody's trouble: the shop's functions, storage that is full or forbidden. */
export function guarded<Result>(work: () => Result): Result | undefined {
	try {
		return work();
	} catch {
		return undefined;
	}
}

/** The page's storage; undefined where there is none or it is forbidden. */
export function pageStorage(): Storage | undefined {
	// Some browsers hand it out and forbid its use.
	return guarded(() => (isPage && localStorage.length >= 0 ? localStorage : undefined));
}

/** A store that all tabs of an origin share, and that survives them; in memory where there is no storage. */
export function pageStore(name: string): Store {
	const memory = memoryStore();
	const disk = pageStorage();
	if (!disk) return memory;
	const prefix = `control-room:${name}:`;
	const lease = `lease-${prefix}`;
	return {
		durable: true,
		put(key, json) {
			try {
				disk.setItem(prefix + key, json);
			} catch {
				memory.put(key, json);
			}
		},
		all() {
			const found = memory.all();
			// A shopper may forbid storage at any time: what lies there then waits until it is allowed again.
			guarded(() => {
				for (const key of Object.keys(disk)) {
					if (key.startsWith(prefix)) found.push([key.slice(prefix.length), disk.getItem(key) ?? '']);
				}
			});
			return found.sort(([one], [other]) => (one < other ? -1 : 1));
		},
		remove(key) {
			memory.remove(key);
			guarded(() => disk.removeItem(prefix + key));
		},
		async exclusive(work) {
			// Web Locks need a secure context.
			const locks = navigator.locks as LockManager | undefined;
			if (locks) return locks.request(lease, work);
			// Two tabs that read at the same moment both send: that costs a request, the ids see to the rest.
			// More than a lease is left only where the clock was set back.
			for (let left; (left = Number(disk.getItem(lease)) - Date.now()) > 0 && left <= LEASE_MS;) {
				await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
			}
			// It may be full, which only sending can mend.
			guarded(() => disk.setItem(lease, String(Date.now() + LEASE_MS)));
			try {
				return await work();
			} finally {
				disk.removeItem(lease);
			}
		}
	};
}
