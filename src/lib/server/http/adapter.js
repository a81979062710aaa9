/**
 * The SvelteKit adapter: it writes SvelteKit's server and the client's files, precompressed, to where kit.ts and
 * files.ts read them. Body limits, addresses and shutdown, which other adapters bring, are the servers' own here.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
			// The dev server's plugin leaves it there: SvelteKit takes `platform` from its adapter alone.
			return {
				platform() {
					if (!globalThis.controlRoomDev) throw new Error('only the dev server emulates the platform');
					return globalThis.controlRoomDev.platform();
				}
			};
		}
	};
}
