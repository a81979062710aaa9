/** The client's files, which shops load from their own pages. */
import { z } from 'zod';
import { json, OPEN } from '../answers';
import type { Answer, Operation } from '../operation';
import { named } from '../schemas';

const ETAG = { ETag: z.string() };
const REVALIDATED = { ...OPEN, ...ETAG, 'Cache-Control': z.literal('no-cache') };
const FOR_EVER = { ...OPEN, ...ETAG, 'Cache-Control': z.literal('public, max-age=31536000, immutable') };

const script = (description: string, headers: Record<string, z.ZodType>): Answer => ({
	description,
	headers,
	content: { 'text/javascript': z.string().describe('JavaScript with one global, `ControlRoom`.') }
});
const unchanged = (headers: Record<string, z.ZodType>): Answer => ({
	description: '`If-None-Match` names the file as it is.',
	headers
});
const parameters = {
	header: z.object({ 'If-None-Match': z.string().optional().describe('The `ETag` of an earlier answer.') })
};

export const sdkScript: Operation = {
	id: 'sdkScript',
	method: 'get',
	path: '/sdk/v1/control-room.js',
	summary: 'The client for script tags, always the newest',
	parameters,
	answers: { 200: script('The script.', REVALIDATED), 304: unchanged(REVALIDATED) }
};

export const sdkPinnedScript: Operation = {
	id: 'sdkPinnedScript',
	method: 'get',
	path: '/sdk/v1/{version}/control-room.js',
	summary: 'The client of one version',
	description: 'Never changes: a page may pin it by its integrity hash. The manifest has both.',
	parameters: {
		...parameters,
		path: z.object({ version: z.string().describe('The hash in the `path` of the manifest.') })
	},
	answers: {
		200: script('The script.', FOR_EVER),
		304: unchanged(FOR_EVER),
		404: { description: 'There is no such version here.', content: { 'text/html': z.string() } }
	},
	sample: null
};

const Manifest = named(
	'SdkManifest',
	z.strictObject({
		'control-room.js': z.strictObject({
			path: z
				.string()
				.regex(/^\/sdk\/v1\/[\da-f]+\/control-room\.js$/)
				.describe('The address that never changes.'),
			integrity: z
				.string()
				.regex(/^sha384-/)
				.describe("For the script tag's `integrity`."),
			bytes: z.int().min(1),
			released: z.boolean().describe('Whether every later build serves this very script at `path` too.'),
			latest: z.literal('/sdk/v1/control-room.js').describe('The address that is always the newest.')
		})
	})
);

export const sdkManifest: Operation = {
	id: 'sdkManifest',
	method: 'get',
	path: '/sdk/v1/manifest.json',
	summary: 'The client’s addresses and integrity',
	parameters,
	answers: { 200: json('The addresses.', Manifest, REVALIDATED), 304: unchanged(REVALIDATED) }
};
