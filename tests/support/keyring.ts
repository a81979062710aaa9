/** Write keys in memory, for tests of what they decide. */
import type { Keyring, WriteKey } from '../../src/lib/server/ingest/keys';

/** As before anybody made a key. */
export const NO_KEYS: Keyring = {
	mode: () => null,
	byId: () => undefined,
	byHash: () => undefined,
	used: () => undefined,
	leaked: () => undefined,
	take: () => 0
};

export interface TestKeyring extends Keyring {
	/** The ids of keys in the order in which they were used, or leaked. */
	uses: string[];
	leaks: string[];
}

/** These keys. */
export function keyring(mode: 'mark' | 'require', keys: readonly WriteKey[]): TestKeyring {
	const uses: string[] = [];
	const leaks: string[] = [];
	return {
		uses,
		leaks,
		mode: () => mode,
		byId: (id) => keys.find((key) => key.id === id),
		byHash: (hash) => keys.find(({ tokenHash }) => tokenHash === hash),
		used: ({ id }) => void uses.push(id),
		leaked: ({ id }) => void leaks.push(id),
		take: () => 0
	};
}
