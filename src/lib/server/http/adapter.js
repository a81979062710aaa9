/**
 * The SvelteKit adapter: it writes SvelteKit's server and the client's files, precompressed, to where kit.ts and
 * files.ts read them. Body limits, addresses and shutdown, which other adapters bring, are the servers' own here.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Under this key the dev server's plugin leaves how to get `platform`: SvelteKit takes it from the adapter alone. */
export const DEV_PLATFORM = Symbol.for('control-room.dev-platform');

/**
 * @param {{ out: string }} options `out`: the folder to write to
 * @returns {import('@sveltejs/kit').Adapter}
 */
export default function adapter({ out }) {
	return {
		name: 'control-room',
		async adapt(builder) {
			const client = join(out, 'client');
			const server = join(out, 'kit');
			builder.rimraf(client);
			builder.rimraf(server);
			builder.writeClient(client);
			builder.writePrerendered(client);
			await builder.compress(client);
			builder.writeServer(server);
			const manifest = builder.generateManifest({ relativePath: './' });
			writeFileSync(join(server, 'manifest.js'), `export const manifest = ${manifest};\n`);
		},
		emulate() {
			/** @type {unknown} */
			const get = Reflect.get(globalThis, DEV_PLATFORM);
			return { platform: () => (typeof get === 'function' ? get() : undefined) };
		}
	};
}
