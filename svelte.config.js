import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { fingerprint } from './src/fingerprint.js';
import adapter from './src/lib/server/http/adapter.js';

/** @type {import('@sveltejs/kit').Config} */
export default {
	preprocess: vitePreprocess(),
	compilerOptions: {
		runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
		// A page of rows has a thousand of these names.
		cssHash: ({ hash, css }) => `s${hash(css)}`
	},
	kit: {
		// The launcher moves it to build/<name of the build> when all of it is there.
		adapter: adapter({ out: 'build/.next' }),
		// Named once by the launcher: this file is loaded several times a build, and sources may change meanwhile.
		version: { name: process.env.CONTROL_ROOM_BUILD ?? fingerprint(import.meta.dirname) },
		// hooks.server.ts makes this check for all paths but ingest, which takes beacons from shops' pages.
		csrf: { trustedOrigins: ['*'] },
		csp: {
			mode: 'auto',
			directives: {
				'default-src': ['self'],
				'script-src': ['self'],
				// For browsers that do not tell elements from attributes.
				'style-src': ['self', 'unsafe-inline'],
				'style-src-elem': ['self'],
				// The widths of bars and the like are style attributes.
				'style-src-attr': ['unsafe-inline'],
				'img-src': ['self', 'data:'],
				'font-src': ['self', 'data:'],
				'connect-src': ['self'],
				'object-src': ['none'],
				'base-uri': ['none'],
				'form-action': ['self'],
				'frame-ancestors': ['none']
			}
		}
	}
};
