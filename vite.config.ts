/**
 * The builds and the tests share this file: the pages (the default mode), the process around them
 * (`vite build --mode process`, which bundles main.ts and cli.ts for Node), the SDK as a package (`--mode sdk`), the
 * benchmarks, the dev server, and vitest.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { devPipeline } from './src/lib/server/http/dev.ts';
import { sdkBuild, sdkScript } from './src/sdk/vite.ts';
import { LongestFirst } from './tests/support/order.ts';

const ENTRIES = ['main', 'cli'].filter((name) => existsSync(`src/${name}.ts`));

const processBuild: ViteUserConfig = {
	resolve: { alias: { $lib: resolve('src/lib') } },
	build: {
		// Dependencies stay outside: they are in node_modules where the process runs.
		ssr: true,
		outDir: 'build/.next',
		emptyOutDir: false,
		copyPublicDir: false,
		sourcemap: true,
		target: 'node20',
		rolldownOptions: {
			input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
			output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' }
		}
	}
};

/** `npm run bench`: never part of what is shipped. */
const benchBuild: ViteUserConfig = {
	resolve: { alias: { $lib: resolve('src/lib') } },
	build: { ssr: 'tests/bench/main.ts', outDir: 'build/.bench', copyPublicDir: false, sourcemap: true, target: 'node20' }
};

/**
 * What many pages share is one file: compressed apart, forty small ones are a tenth longer, and each has headers of its
 * own.
 */
const inBrowsers: ViteUserConfig['build'] = {
	sourcemap: true,
	rolldownOptions: {
		output: { codeSplitting: { groups: [{ name: 'shared', test: /\/src\/lib\//, minShareCount: 8 }] } }
	}
};

export default defineConfig(({ mode, isSsrBuild }) => {
	if (mode === 'process') return processBuild;
	if (mode === 'bench') return benchBuild;
	if (mode === 'sdk') return sdkBuild;
	return {
		plugins: [sveltekit(), sdkScript(), ...(mode === 'test' ? [] : [devPipeline()])],
		build: isSsrBuild ? { sourcemap: true } : inBrowsers,
		test: {
			include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
			globalSetup: ['./tests/support/global.ts'],
			pool: 'forks',
			sequence: { sequencer: LongestFirst },
			// Tests of browsers and processes wait more than they work.
			maxWorkers: Math.min(8, 2 * availableParallelism()),
			// None of these says how quick anything is: they end what hangs, on a machine however busy.
			testTimeout: 600_000,
			hookTimeout: 600_000,
			expect: { poll: { timeout: 60_000, interval: 50 } }
		}
	};
});
