/**
 * The rules, with no warnings among them. The first part says who may import whom, which keeps an event's way readable
 * in one direction; it is checked by a rule of the project's own, because it must hold for relative paths, `$lib`,
 * types and `import()` alike.
 */
import { dirname, relative, resolve } from 'node:path';
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const root = import.meta.dirname;

/**
 * What each folder may import beside itself, the server's `errors` and packages. The longest path that matches a file
 * decides; a file that none matches may import anything. `types:` allows types alone.
 * @type {Record<string, string[]>}
 */
const MAY_IMPORT = {
	'src/lib/events': [],
	'src/lib/live': ['src/lib/events'],
	// The language of addresses, the same for pages, files and the API.
	'src/lib/query': ['types:src/lib/live'],
	'src/lib/ui': ['src/lib/events', 'src/lib/live', 'src/lib/query'],
	'src/sdk': ['types:src/lib/events'],
	'src/lib/server/errors.ts': [],
	'src/lib/server/config.ts': [
		'types:src/lib/server/access/asking.ts',
		'src/lib/server/access/passwords.ts',
		'src/lib/server/http/client.ts',
		'src/lib/server/http/origin.ts',
		'src/lib/server/archive/location.ts'
	],
	'src/lib/server/db': [],
	'src/lib/server/projections': ['src/lib/events'],
	'src/lib/server/commit': ['src/lib/server/projections', 'src/lib/events', 'src/lib/server/db'],
	// The routes of ingest are what the HTTP servers serve; they share the shape of an exchange.
	'src/lib/server/ingest': ['src/lib/server/commit', 'src/lib/events', 'types:src/lib/server/http/exchange.ts'],
	'src/lib/server/listen': ['src/lib/server/db'],
	// Who is who, for pages, the API and sockets alike.
	'src/lib/server/access': [
		'src/lib/server/db',
		'src/lib/server/listen/ear.ts',
		'src/lib/server/http/origin.ts',
		'types:src/lib/server/ingest/keys.ts'
	],
	// What is read is what is shown: the shapes of it are those of live.
	'src/lib/server/read': [
		'src/lib/server/projections/measures.ts',
		'src/lib/server/db',
		'src/lib/events',
		'src/lib/live',
		'src/lib/query'
	],
	'src/lib/server/push': ['src/lib/server/read', 'src/lib/live', 'src/lib/server/access'],
	// What came before this version lies there as clients sent it, and is read as ingest reads it.
	'src/lib/server/archive': [
		'src/lib/server/ingest/parse.ts',
		'src/lib/server/commit',
		'src/lib/events',
		'src/lib/server/db'
	],
	'src/lib/server/months': ['src/lib/server/commit', 'src/lib/server/db'],
	'src/lib/server/forget': [
		'src/lib/server/archive',
		'src/lib/server/commit',
		'src/lib/server/projections',
		'src/lib/server/db',
		'src/lib/server/months',
		'src/lib/server/ingest/slices.ts',
		'src/lib/events'
	],
	// The HTTP API as others see it: schemas and the document made of them, without state, so that pages may import it.
	'src/lib/server/api': [
		'src/lib/events',
		'src/lib/live',
		'src/lib/query',
		'src/lib/server/access/policy.ts',
		'types:src/lib/server/read'
	],
	'src/lib/server/http': ['types:src/lib/server/pipeline.ts', 'types:src/lib/live', 'src/lib/server/access/limits.ts'],
	// main.ts once more, for the dev server.
	'src/lib/server/http/dev.ts': ['src/lib/server'],
	// Shoppers for a try-out and for history: clients of the SDK, and writers of the past through the same commit path.
	'src/simulate': [
		'src/sdk',
		'src/lib/events',
		'src/lib/server/commit',
		'src/lib/server/db',
		// Numbers are written the same everywhere.
		'src/lib/ui/format.ts'
	],
	'src/routes': [
		'src/lib/events',
		'src/lib/live',
		'src/lib/query',
		'src/lib/ui',
		'src/lib/server/api',
		'src/lib/server/access',
		'types:src/lib/server'
	],
	'src/hooks.server.ts': ['src/lib/server/access', 'src/lib/server/errors.ts', 'src/error.html?raw']
};
const EVERYWHERE = ['src/lib/server/errors.ts'];
/** What the contract may rest on. The hash is the envelope's, which the server alone runs; browsers take words and types. */
const PACKAGES = { 'src/lib/events': ['zod', 'node:crypto'] };

/** @type {import('eslint').Rule.RuleModule} */
const layers = {
	meta: {
		type: 'problem',
		schema: [],
		messages: {
			folder: '{{from}} may not import {{to}} (see "Who may import whom" in eslint.config.js)',
			types: '{{from}} may import types alone from {{to}}: write `import type`',
			package: '{{from}} may import no package but: {{allowed}}'
		}
	},
	create(context) {
		const file = relative(root, context.filename).replaceAll('\\', '/');
		const folder = longestMatch(Object.keys(MAY_IMPORT), file);
		if (folder === undefined || file.endsWith('.test.ts')) return {};

		/** @param {any} node @param {unknown} specifier @param {boolean} typesAlone */
		function check(node, specifier, typesAlone) {
			if (typeof specifier !== 'string' || folder === undefined) return;
			const path = projectPath(file, specifier);
			if (path === null) {
				const allowed = PACKAGES[/** @type {keyof typeof PACKAGES} */ (folder)];
				if (!allowed || allowed.includes(specifier)) return;
				context.report({ node, messageId: 'package', data: { from: folder, allowed: allowed.join(', ') } });
				return;
			}
			if (isIn(path, folder) || EVERYWHERE.some((other) => folder.startsWith('src/lib/server') && isIn(path, other)))
				return;
			const allowed = MAY_IMPORT[folder] ?? [];
			if (allowed.some((other) => isIn(path, other))) return;
			const data = { from: folder, to: path };
			if (!allowed.some((other) => other.startsWith('types:') && isIn(path, other.slice(6)))) {
				context.report({ node, messageId: 'folder', data });
			} else if (!typesAlone) context.report({ node, messageId: 'types', data });
		}

		return {
			/** @param {any} node */
			ImportDeclaration(node) {
				check(node, node.source.value, node.importKind === 'type');
			},
			/** @param {any} node */
			ExportNamedDeclaration(node) {
				if (node.source) check(node, node.source.value, node.exportKind === 'type');
			},
			/** @param {any} node */
			ExportAllDeclaration(node) {
				check(node, node.source.value, node.exportKind === 'type');
			},
			/** @param {any} node */
			ImportExpression(node) {
				check(node, node.source.value, false);
			},
			/** @param {any} node */
			TSImportType(node) {
				check(node, node.source.value, true);
			}
		};
	}
};

/**
 * The file that a specifier means, from the project's folder; null for a package.
 * @param {string} file @param {string} specifier
 */
function projectPath(file, specifier) {
	if (specifier === '$lib' || specifier.startsWith('$lib/')) return `src/lib${specifier.slice(4)}`;
	if (!specifier.startsWith('.')) return null;
	return relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/');
}

/**
 * Whether a path is a folder (or file), or lies in it. Specifiers leave out `.ts`.
 * @param {string} path @param {string} folder
 */
function isIn(path, folder) {
	return path === folder || `${path}.ts` === folder || path.startsWith(`${folder}/`);
}

/** @param {string[]} folders @param {string} file */
function longestMatch(folders, file) {
	return folders.filter((folder) => isIn(file, folder)).sort((one, other) => other.length - one.length)[0];
}

export default ts.config(
	{ ignores: ['build/', '.svelte-kit/', 'data/', 'node_modules/', 'coverage/'] },
	js.configs.recommended,
	...ts.configs.strictTypeChecked,
	...ts.configs.stylisticTypeChecked,
	...svelte.configs.recommended,
	prettier,
	...svelte.configs.prettier,
	{
		linterOptions: { reportUnusedDisableDirectives: 'error' },
		languageOptions: {
			globals: { ...globals.node, ...globals.browser },
			parserOptions: {
				projectService: { allowDefaultProject: ['*.js'] },
				// The same for all files: each change of it makes the linter load the whole project anew.
				extraFileExtensions: ['.svelte'],
				tsconfigRootDir: root
			}
		},
		plugins: { project: { rules: { layers } } },
		rules: {
			'project/layers': 'error',
			'@typescript-eslint/no-unsafe-type-assertion': 'error',
			'@typescript-eslint/switch-exhaustiveness-check': 'error',
			'@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
			// A number in a text is what it looks like.
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
			'@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
			// An empty text is often as good as none.
			'@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
			// Columns and settings are names of others, and may stand in quotes.
			'@typescript-eslint/dot-notation': 'off',
			// Functions that implement an asynchronous interface need no await of their own.
			'@typescript-eslint/require-await': 'off',
			'svelte/no-at-html-tags': 'error',
			'no-console': 'error',
			'no-restricted-properties': [
				'error',
				{
					object: 'process',
					property: 'env',
					message: 'config.ts alone reads the environment, and passes values down.'
				}
			],
			'no-restricted-imports': [
				'error',
				{
					paths: [
						{ name: 'node:process', message: 'Use the global, so that the rule about process.env holds.' },
						{ name: '$env/dynamic/private', message: 'config.ts alone reads the environment.' },
						{ name: '$env/static/private', message: 'config.ts alone reads the environment.' }
					]
				}
			],
			eqeqeq: 'error'
		}
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: {
			parserOptions: { parser: ts.parser, svelteConfig }
		}
	},
	{
		files: ['src/lib/server/config.ts', 'src/launch.js', 'svelte.config.js', 'tests/**'],
		rules: { 'no-restricted-properties': 'off' }
	},
	{
		// Tests look into what they get back, and know what they sent.
		files: ['**/*.test.ts', 'tests/**'],
		rules: {
			'@typescript-eslint/no-unsafe-type-assertion': 'off',
			'@typescript-eslint/unbound-method': 'off'
		}
	},
	{
		files: ['*.js'],
		...ts.configs.disableTypeChecked
	}
);
