/** The linter keeps an event's way in one direction: each folder imports what it may, and nothing goes in circles. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

/** With the project's rules, but for those that need its types: these load the whole project, and are not asked here. */
const eslint = new ESLint({ overrideConfig: ts.configs.disableTypeChecked });

/** The rules that a line breaks when it stands in a file. */
async function broken(filePath: string, code: string): Promise<(string | null)[]> {
	const [result] = await eslint.lintText(`${code}\n`, { filePath });
	return (result?.messages ?? []).map((message) => message.ruleId);
}

describe('who may import whom', () => {
	it.each([
		['src/lib/events/vocabulary.ts', "import 'pino'"],
		['src/lib/events/vocabulary.ts', "import '../live/messages'"],
		['src/lib/live/messages.ts', "import type { ErrorCode } from '$lib/server/errors'"],
		['src/lib/server/db/migrate.ts', "import '../commit/statement'"],
		['src/lib/server/projections/index.ts', "import '../db/connect'"],
		['src/lib/server/commit/statement.ts', "await import('../read/wall')"],
		['src/lib/server/ingest/parse.ts', "import { createRouter } from '../http/router'"],
		['src/lib/server/listen/index.ts', "import '../commit/statement'"],
		['src/lib/server/http/router.ts', "export * from '../pipeline'"],
		['src/lib/server/http/router.ts', "import { readConfig } from '../config'"],
		['src/routes/+page.server.ts', "import { createReader } from '$lib/server/read'"],
		['src/routes/+page.svelte', '<script lang="ts">import "$lib/server/read"</script>']
	])('%s may not: %s', async (file, code) => {
		expect(await broken(file, code)).toContain('project/layers');
	});

	it.each([
		['src/lib/events/vocabulary.ts', "import 'zod'"],
		['src/lib/live/messages.ts', "import '../events/vocabulary'"],
		['src/lib/server/commit/statement.ts', "import '../db/connect'"],
		['src/lib/server/ingest/parse.ts', "import type { ApiRequest } from '../http/exchange'"],
		['src/main.ts', "import './lib/server/push'"]
	])('%s may: %s', async (file, code) => {
		expect(await broken(file, code)).not.toContain('project/layers');
	});

	it('only the settings read the environment', async () => {
		expect(await broken('src/main.ts', "process.exitCode = Number(process.env['X'])")).toContain(
			'no-restricted-properties'
		);
	});

	it('no module imports itself, whatever the way round', () => {
		const imports = new Map(sources().map((file) => [file, importsOf(file)]));
		const done = new Set<string>();
		const cycles: string[] = [];
		const visit = (file: string, way: string[]): void => {
			const at = way.indexOf(file);
			if (at >= 0) cycles.push([...way.slice(at), file].join(' → '));
			if (at >= 0 || done.has(file)) return;
			for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
			done.add(file);
		};
		for (const file of imports.keys()) visit(file, []);
		expect(imports.size).toBeGreaterThan(20);
		expect(cycles).toEqual([]);
	});
});

function sources(): string[] {
	return readdirSync('src', { recursive: true, encoding: 'utf8' })
		.map((name) => `src/${name.replaceAll('\\', '/')}`)
		.filter((name) => /(?<!\.test|\.d)\.ts$/.test(name));
}

/** What a file imports when it runs: types are gone by then. */
function importsOf(file: string): string[] {
	const text = readFileSync(file, 'utf8');
	const all = new Set(sources());
	return [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '((?:\.|\$lib)[^']*)'/gm)].flatMap((match) => {
		const specifier = match[1] ?? '';
		const path = specifier.startsWith('.') ? join(dirname(file), specifier) : specifier.replace('$lib', 'src/lib');
		return [path, `${path}.ts`, `${path}/index.ts`].filter((name) => all.has(name));
	});
}
