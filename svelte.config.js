import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import adapter from './src/lib/server/http/adapter.js';

/** @type {import('@sveltejs/kit').Config} */
export default {
	preprocess: vitePreprocess(),
	compilerOptions: { runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true) },
	kit: {
		adapter: adapter()
	}
};
