/**
 * The content hash of everything that a build is made from. It names the build: a build of this name is current, and
 * a page that was rendered by a build of another name is not.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const SOURCES = [
	'src',
	'static',
	'migrations',
	'package-lock.json',
	'svelte.config.js',
	'vite.config.ts',
	'tsconfig.json'
];

/**
 * @param {string} root the project's folder
 * @returns {string} 16 hex digits
 */
export function fingerprint(root) {
	const hash = createHash('sha256');
	for (const source of SOURCES) {
		for (const file of filesBelow(join(root, source))) {
			const name = relative(root, file).replaceAll('\\', '/');
			if (/\.test\.ts$|(^|\/)\./.test(name)) continue;
			const content = readFileSync(file);
			hash.update(`${name}\0${content.length}\0`).update(content);
		}
	}
	return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} path a folder, a file, or nothing
 * @returns {string[]} in a fixed order
 */
function filesBelow(path) {
	const stat = statSync(path, { throwIfNoEntry: false });
	if (!stat) return [];
	if (stat.isFile()) return [path];
	return readdirSync(path, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}
