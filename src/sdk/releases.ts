/**
 * Released scripts: once a shop has pinned an address by its integrity hash, that address must answer with the same bytes
 * for ever, whatever this checkout's SDK has become. `npm run release:sdk` keeps the current script in `src/sdk/releases`,
 * under its hash and without an extension, so that no tool mends it; each build serves all that lie there.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEPT = 'src/sdk/releases';

/** What stands for the script in its address. */
export function hashOf(code: string): string {
	return createHash('sha256').update(code).digest('hex').slice(0, 16);
}

/**
 * All released scripts by their hashes.
 * @throws Error when one of them is no longer what was released
 */
export function releases(folder = KEPT): Map<string, string> {
	const kept = new Map<string, string>();
	for (const hash of readdirSync(folder).filter((name) => !name.startsWith('.'))) {
		const code = readFileSync(join(folder, hash), 'utf8');
		if (hashOf(code) !== hash) throw new Error(`${join(folder, hash)} is not what was released: restore it`);
		kept.set(hash, code);
	}
	return kept;
}

/** Keeps a script for ever. */
export function release(code: string, folder = KEPT): void {
	writeFileSync(join(folder, hashOf(code)), code);
}
