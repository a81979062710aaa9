/**
 * How the SDK is built: as a package (`npm run build:sdk` → build/.sdk, which has a manifest of its own and so none of the
 * server's dependencies), and as the script that the app serves.
 *
 * The script has two addresses: `/sdk/v1/<hash>/control-room.js` never changes, so browsers keep it and a page can pin it
 * by its integrity hash; `/sdk/v1/control-room.js` is always the newest. `/sdk/v1/manifest.json` lists them, and says
 * whether the script is released: later builds serve the released ones too. The script is
 * part of the client's files, and the dev server makes it anew when its sources change.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin, type UserConfig } from 'vite';
import { z } from 'zod';
import { hashOf, release, releases } from './releases.ts';

const FOLDER = '/sdk/v1';
const NAME = 'control-room.js';
/** Importing this gives `path` and `integrity` of the script that the same build serves. */
const VIRTUAL = 'virtual:control-room-sdk';
const ENTRIES = ['index', 'core', 'compat', 'file-store'];
const OUT = 'build/.sdk';
/** What the package's manifest has of the root's. */
const SHARED = new Set(['name', 'version', 'license', 'type', 'engines', 'exports']);
/** Browsers of 2020 and later: optional chaining, and no more than that. */
const TARGET = 'es2020';

interface Script {
	code: string;
	/** The address that never changes. */
	path: string;
	integrity: string;
}

/** Bundles one of the entries as a minified script with a global. */
export async function bundle(entry: string): Promise<string> {
	const result = await build({
		configFile: false,
		logLevel: 'warn',
		build: {
			write: false,
			target: TARGET,
			copyPublicDir: false,
			lib: { entry: resolve(`src/sdk/${entry}.ts`), formats: ['iife'], name: 'ControlRoom' },
			// The global is no module that anybody imports, and constants that stay constants are written in place.
			rolldownOptions: { output: { generatedCode: { symbols: false }, topLevelVar: false } }
		}
	});
	const output = Array.isArray(result) ? result[0] : result;
	if (!output || !('output' in output)) throw new Error(`the SDK's ${entry} came to nothing`);
	return output.output[0].code;
}

function pathOf(hash: string): string {
	return `${FOLDER}/${hash}/${NAME}`;
}

async function makeScript(): Promise<Script> {
	const code = await bundle('script');
	const integrity = `sha384-${createHash('sha384').update(code).digest('base64')}`;
	return { code, path: pathOf(hashOf(code)), integrity };
}

/** What is served, by path. */
function served({ code, path, integrity }: Script): Map<string, string> {
	const latest = `${FOLDER}/${NAME}`;
	const kept = releases();
	const bytes = Buffer.byteLength(code);
	const entry = { path, integrity, bytes, latest, released: kept.has(hashOf(code)) };
	const manifest = JSON.stringify({ [NAME]: entry }, null, '\t');
	return new Map([
		...[...kept].map(([hash, older]) => [pathOf(hash), older] as const),
		[path, code],
		[latest, code],
		[`${FOLDER}/manifest.json`, `${manifest}\n`]
	]);
}

/** The Vite plugin of the app: serves the script. */
export function sdkScript(): Plugin {
	let script: Promise<Script> | undefined;
	const current = (): Promise<Script> => (script ??= makeScript());
	return {
		name: 'control-room-sdk',
		resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : undefined),
		async load(id) {
			if (id !== `\0${VIRTUAL}`) return undefined;
			const { path, integrity } = await current();
			return `export const path = ${JSON.stringify(path)};\nexport const integrity = ${JSON.stringify(integrity)};\n`;
		},
		async generateBundle() {
			if (this.environment.config.consumer !== 'client') return;
			for (const [path, source] of served(await current())) {
				this.emitFile({ type: 'asset', fileName: path.slice(1), source });
			}
		},
		configureServer(server) {
			server.watcher.on('all', (_, file) => {
				if (!/\/src\/sdk\/.*(?<!\.test)\.ts$/.test(file.replaceAll('\\', '/'))) return;
				script = undefined;
				const module = server.moduleGraph.getModuleById(`\0${VIRTUAL}`);
				if (module) server.moduleGraph.invalidateModule(module);
			});
			server.middlewares.use((request, response, next) => {
				const path = request.url?.split('?', 1)[0] ?? '';
				if (!path.startsWith(`${FOLDER}/`)) {
					next();
					return;
				}
				current().then((made) => {
					const source = served(made).get(path);
					if (source === undefined) {
						next();
						return;
					}
					response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'application/json');
					response.setHeader('access-control-allow-origin', '*');
					response.setHeader('cache-control', 'no-cache');
					response.end(source);
				}, next);
			});
		}
	};
}

/**
 * The package's manifest: of the root's only what the client has of it. Both export the same names, so that a checkout
 * can stand in for the package.
 */
function packageManifest(): string {
	const root = z.record(z.string(), z.json()).parse(JSON.parse(readFileSync('package.json', 'utf8')));
	const shared = Object.entries(root).filter(([key]) => SHARED.has(key));
	const description = 'The client of the Control Room, for browsers and Node.';
	const manifest = { ...Object.fromEntries(shared), description, sideEffects: false };
	return `${JSON.stringify(manifest, null, '\t').replaceAll(`./${OUT}/`, './')}\n`;
}

/** The package: modules for bundlers and Node, their types, the script, and a manifest. */
export const sdkBuild: UserConfig = {
	plugins: [
		{
			name: 'control-room-sdk-package',
			async closeBundle() {
				// The compiler takes half a second to load, which every other use of this file would pay for.
				const { declarations } = await import('./declarations.ts');
				for (const [name, text] of declarations(ENTRIES.map((entry) => resolve(`src/sdk/${entry}.ts`)))) {
					mkdirSync(OUT, { recursive: true });
					writeFileSync(join(OUT, name), text);
				}
				const { code } = await makeScript();
				writeFileSync(join(OUT, NAME), code);
				writeFileSync(join(OUT, 'package.json'), packageManifest());
				if (process.argv.includes('--release')) release(code);
			}
		}
	],
	build: {
		outDir: OUT,
		emptyOutDir: true,
		copyPublicDir: false,
		target: TARGET,
		// Whoever bundles it minifies it.
		minify: false,
		lib: { entry: ENTRIES.map((entry) => `src/sdk/${entry}.ts`), formats: ['es'] },
		rolldownOptions: { external: [/^node:/], output: { chunkFileNames: 'chunks/[name].js' } }
	}
};
