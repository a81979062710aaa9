/** SvelteKit's built server as a function from Request to Response. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Server, SSRManifest } from '@sveltejs/kit';
import type { KitHandler } from './router';

/** What the adapter wrote beside each other. */
interface KitModule {
	Server: typeof Server;
	manifest: SSRManifest;
}

/**
 * Loads and starts SvelteKit's server.
 * @param folder the build's folder, with `kit` and `client` in it
 * @param platform what requests find as `platform`: the things that are made once, outside of SvelteKit's bundle
 */
export async function loadKit(folder: string, platform: App.Platform): Promise<KitHandler> {
	const load = async <T>(name: string): Promise<T> =>
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- written by the adapter of the same build
		(await import(/* @vite-ignore */ pathToFileURL(join(folder, 'kit', name)).href)) as T;
	const { Server } = await load<Pick<KitModule, 'Server'>>('index.js');
	const { manifest } = await load<Pick<KitModule, 'manifest'>>('manifest.js');
	const server = new Server(manifest);
	await server.init({
		// Settings come by `platform`: nothing in the pages reads the environment.
		env: {},
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- Node's web streams and the DOM's are the same thing under two names
		read: (file) => Readable.toWeb(createReadStream(join(folder, 'client', file))) as ReadableStream<Uint8Array>
	});
	return (request, address) => server.respond(request, { platform, getClientAddress: () => address });
}
