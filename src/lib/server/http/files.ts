/**
 * The built client's files. They are listed once, at start, and served from memory by exact path: a path that is not
 * in the list does not exist, so no request can reach outside the folder. The whole build is a few megabytes, less
 * than what one file read a request would cost.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { HeaderList, Incoming, Outgoing } from './connection';

const TYPES: Record<string, string> = {
	'.css': 'text/css; charset=utf-8',
	'.html': 'text/html; charset=utf-8',
	'.ico': 'image/x-icon',
	'.jpg': 'image/jpeg',
	'.js': 'text/javascript; charset=utf-8',
	'.json': 'application/json',
	'.map': 'application/json',
	'.png': 'image/png',
	'.svg': 'image/svg+xml',
	'.txt': 'text/plain; charset=utf-8',
	'.wasm': 'application/wasm',
	'.webmanifest': 'application/manifest+json',
	'.webp': 'image/webp',
	'.woff2': 'font/woff2'
};

/** Encodings that the build precompresses, the better one first, with the suffix of their files. */
const ENCODINGS = [
	['br', '.br'],
	['gzip', '.gz']
] as const;

/** Paths that carry a hash of the file's content. */
const IMMUTABLE = /^\/(?:_app\/immutable|sdk\/v1\/[\da-f]+)\//;

interface StaticFile {
	headers: HeaderList;
	etag: string;
	/** The content by encoding; `identity` is always there. */
	contents: Map<string, Uint8Array>;
}

export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** Reads all files below `folder`; their keys are URL paths such as `/favicon.svg`. */
export function readFiles(folder: string): StaticFiles {
	const names = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
	const all = new Set(names);
	const files = new Map<string, StaticFile>();
	for (const name of names) {
		if (ENCODINGS.some(([, suffix]) => name.endsWith(suffix) && all.has(name.slice(0, -suffix.length)))) continue;
		const content = readFileSync(name);
		const contents = new Map<string, Uint8Array>([['identity', content]]);
		for (const [encoding, suffix] of ENCODINGS) {
			if (all.has(name + suffix)) contents.set(encoding, readFileSync(name + suffix));
		}
		const path = name.slice(folder.length).replaceAll('\\', '/');
		const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
		const headers: HeaderList = [
			['content-type', TYPES[extname(name)] ?? 'application/octet-stream'],
			['etag', etag],
			// The others keep their paths from build to build.
			['cache-control', IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache']
		];
		// Shops' pages load the SDK from their own origins, and a browser checks a script's hash only if it may read it.
		if (path.startsWith('/sdk/')) {
			headers.push(['access-control-allow-origin', '*'], ['cross-origin-resource-policy', 'cross-origin']);
		}
		if (contents.size > 1) headers.push(['vary', 'accept-encoding']);
		files.set(path.startsWith('/') ? path : `/${path}`, { headers, etag, contents });
	}
	return files;
}

/** Answers GET and HEAD of a known file; returns false, and does nothing, for any other request. */
export function answerFile(files: StaticFiles, incoming: Incoming, outgoing: Outgoing): boolean {
	if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return false;
	const file = files.get(incoming.path) ?? files.get(decoded(incoming.path));
	if (!file) return false;
	if (incoming.headers['if-none-match']?.includes(file.etag)) {
		outgoing.send(304, file.headers, '');
		return true;
	}
	const accepted = (incoming.headers['accept-encoding'] ?? '').split(',').map((part) => part.trim());
	const encoding = ENCODINGS.map(([name]) => name).find((name) => accepted.includes(name) && file.contents.has(name));
	const content = file.contents.get(encoding ?? 'identity') ?? new Uint8Array();
	outgoing.send(200, encoding ? [...file.headers, ['content-encoding', encoding]] : file.headers, content);
	return true;
}

/** A path without its percent signs; as it is when they make no sense. */
function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}
