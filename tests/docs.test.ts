/**
 * The documentation does what it says: its code compiles against the packed client, its lines run in a shell, its pages
 * load in a browser and send to a real server, and its links lead somewhere.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { compile as compileSvelte } from 'svelte/compiler';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Sql } from '../src/lib/server/db/connect';
import { useBrowser } from './support/browser';
import { testDatabase } from './support/database';
import { startProcess } from './support/process';

const exec = promisify(execFile);
const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };
/** The server in the examples for browsers, and in those for shells. */
const EXAMPLE = 'https://monitor.example.com';
const LOCAL = 'http://127.0.0.1:3000';

interface Block {
	page: string;
	language: string;
	code: string;
	/** From its first line, where that names a file. */
	file: string | undefined;
}

const PAGES = readdirSync('docs/clients').filter((name) => name.endsWith('.md'));
const BLOCKS = PAGES.flatMap((page): Block[] => {
	const text = readFileSync(join('docs/clients', page), 'utf8');
	return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => {
		const file = /^(?:\/\/|<!--) ([\w-]+\.\w+)/.exec(code)?.[1];
		return { page, language, code, file };
	});
});

const blocks = (page: string, language: string): string[] =>
	BLOCKS.filter((block) => block.page === page && block.language === language).map(({ code }) => code);

const shell = (line: string, cwd: string): Promise<{ stdout: string; stderr: string }> =>
	exec('sh', ['-ec', line], { cwd });

async function startRoom(): Promise<{ address: string; sql: Sql }> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	return { address, sql: database.sql };
}

describe('the links of the documentation', () => {
	const slug = (heading: string): string =>
		heading
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
			.trim()
			.replaceAll(' ', '-');
	const anchors = (file: string): string[] =>
		[...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => slug(match[1] ?? ''));
	const files = [
		'README.md',
		...readdirSync('docs', { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.md'))
			.map((name) => join('docs', name))
	];

	it.each(files)('lead somewhere, in %s', (file) => {
		const text = readFileSync(file, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
		const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
		for (const link of links.filter((target) => !/^[a-z]+:/.test(target))) {
			const [path = '', anchor] = link.split('#');
			const target = path === '' ? file : join(dirname(file), path);
			expect(existsSync(target), `${link} in ${file}`).toBe(true);
			if (anchor !== undefined) expect(anchors(target), `${link} in ${file}`).toContain(anchor);
		}
	});
});

describe('the code of the documentation', () => {
	let project: string;

	beforeAll(async () => {
		// A checkout of its own: packing builds, and other tests pack too.
		const checkout = await mkdtemp(join(tmpdir(), 'control-room-checkout-'));
		project = await mkdtemp(join(tmpdir(), 'control-room-docs-'));
		// Nothing of what an earlier build has left behind.
		for (const name of [
			'src',
			'package.json',
			'vite.config.ts',
			'svelte.config.js',
			'tsconfig.json',
			'tests/support/order.ts'
		]) {
			await cp(name, join(checkout, name), { recursive: true });
		}
		await symlink(resolve('node_modules'), join(checkout, 'node_modules'));
		const [pack = '', install = ''] = blocks('README.md', 'sh');
		await shell(pack, checkout);
		await cp(join(checkout, 'control-room-0.1.0.tgz'), join(project, 'control-room-0.1.0.tgz'));
		await rm(checkout, { recursive: true });
		await writeFile(join(project, 'package.json'), '{ "name": "shop", "type": "module" }');
		await shell(install, project);
	});
	afterAll(() => rm(project, { recursive: true }));

	/** What the compiler says of files of the project. */
	async function compile(files: string[]): Promise<string> {
		const tsc = join(process.cwd(), 'node_modules', 'typescript', 'bin', 'tsc');
		const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit'];
		const target = ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', '--jsx', 'preserve'];
		return exec(process.execPath, [tsc, ...strict, ...target, ...files], { cwd: project }).then(
			({ stdout }) => stdout,
			(error: unknown) => (error as { stdout: string }).stdout
		);
	}

	/** Writes the typed blocks into the project, each page's into a folder of its own. */
	async function writeTyped(): Promise<string[]> {
		const files: string[] = [];
		for (const [index, { page, language, code, file }] of BLOCKS.entries()) {
			if (!['ts', 'tsx', 'svelte', 'vue'].includes(language)) continue;
			const script = /<script[^>]*>\n([^]*?)<\/script>/.exec(code)?.[1] ?? code;
			const extension = language === 'tsx' ? 'tsx' : 'ts';
			const name = join(page.replace('.md', ''), `${file?.split('.')[0] ?? `block-${index}`}.${extension}`);
			await mkdir(join(project, dirname(name)), { recursive: true });
			await writeFile(join(project, name), script);
			files.push(name);
		}
		return files;
	}

	it('brings the client into a project, and nothing beside it', async () => {
		const installed = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as { packages: object };
		expect(Object.keys(installed.packages).filter((name) => name.startsWith('node_modules/'))).toEqual([
			'node_modules/control-room'
		]);
	});

	it('compiles against the client, strictly', async () => {
		await writeFile(join(project, 'frameworks.d.ts'), FRAMEWORKS);
		const files = [...(await writeTyped()), 'frameworks.d.ts'];
		expect(files.length).toBeGreaterThan(12);
		expect(await compile(files)).toBe('');
		const wrong =
			"import { client } from './control-room';\nclient.session().step('mask').complete({ maskEditCount: 'two' });";
		await writeFile(join(project, 'bundler', 'wrong.ts'), wrong);
		expect((await compile([join('bundler', 'wrong.ts')])).match(/error TS\d+/g)).toHaveLength(1);
	});

	it('compiles as a Svelte component', () => {
		for (const code of blocks('svelte.md', 'svelte')) {
			expect(compileSvelte(code, { filename: 'RoomDialog.svelte' }).warnings).toEqual([]);
		}
	});

	it('runs in Node, and leaves nothing behind', async () => {
		const { address, sql } = await startRoom();
		const [worker = ''] = blocks('node.md', 'js');
		await writeFile(join(project, 'worker.mjs'), worker);
		const env = { ...process.env, CONTROL_ROOM_ENDPOINT: `${address}/api/analytics/events` };
		const { stdout, stderr } = await exec(process.execPath, ['worker.mjs'], { cwd: project, env });
		expect([stdout, stderr]).toEqual(['a picture of a room\n', '']);
		const requests = await sql`select session_id, status, cost_usd, step from ai_requests`;
		expect(requests).toMatchObject([{ session_id: 'sess_1', status: 'success', cost_usd: '0.05', step: 'inpaint' }]);
		expect(await readFile(join(project, 'data/control-room-queue'), 'utf8')).toBe('');
	});
});

describe('the lines for a shell', () => {
	it('send events with curl, and get the answer that is shown', async () => {
		const { address, sql } = await startRoom();
		const lines = blocks('curl.md', 'sh').map((line) => line.replaceAll(LOCAL, address));
		const [shown = ''] = blocks('curl.md', 'json');
		const answers: unknown[] = [];
		for (const line of [...lines, lines[0] ?? '']) answers.push(JSON.parse((await shell(line, '.')).stdout));
		expect(answers[0]).toEqual(JSON.parse(shown));
		expect(answers.slice(1)).toMatchObject([{ accepted: 2 }, { accepted: 1 }, { accepted: 0, duplicates: 1 }]);
		const rows = await sql`select status, product_title, error_count from sessions`;
		expect(rows).toEqual([{ status: 'completed', product_title: 'Walnut sideboard', error_count: 1 }]);
	});

	it('ask for the manifest', async () => {
		const { address } = await startRoom();
		const [line = ''] = blocks('shopify.md', 'sh');
		expect(JSON.parse((await shell(line.replaceAll(EXAMPLE, address), '.')).stdout)).toHaveProperty('control-room.js');
	});
});

describe('the script tags', () => {
	/** Serves a page on another origin than the Control Room's, and opens it. */
	async function openShop(body: string, headers: Record<string, string> = {}): Promise<Page> {
		const server = createServer((_, response) => {
			response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers });
			response.end(`<!doctype html><title>A shop</title>${body}`);
		});
		await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
		onTestFinished(() => {
			server.closeAllConnections();
			server.close();
		});
		const at = server.address();
		if (at === null || typeof at === 'string') throw new Error('a server on a port has no port');
		return openPage(`http://127.0.0.1:${at.port}/`);
	}

	/** What Shopify would make of the snippet for a product. */
	async function rendered(liquid: string, address: string): Promise<string> {
		const manifest = (await (await fetch(`${address}/sdk/v1/manifest.json`)).json()) as Record<
			string,
			{ path: string; integrity: string }
		>;
		const { path, integrity } = manifest['control-room.js'] ?? { path: '', integrity: '' };
		const values: Record<string, unknown> = {
			'shop.permanent_domain | json': 'example.myshopify.com',
			'product.id | json': 8_123_456_789_012,
			'product.title | json': 'Walnut "sideboard" </b>',
			'product.price | divided_by: 100.0 | json': 1299.5
		};
		return liquid
			.replaceAll(/\{% comment %\}[^]*?\{% endcomment %\}/g, '')
			.replaceAll(/\{\{ (.*?) \}\}/g, (_, expression: string) => {
				if (!(expression in values)) throw new Error(`the snippet has an expression of no value: ${expression}`);
				return JSON.stringify(values[expression]).replaceAll('</', '<\\/');
			})
			.replace(/https:\/\/monitor\.example\.com\/sdk\/v1\/[\da-f]+\/control-room\.js/, address + path)
			.replace('sha384-REPLACE', integrity);
	}

	it('work in a shop’s theme, under the content security policy that is shown', async () => {
		const { address, sql } = await startRoom();
		const [snippet = ''] = blocks('shopify.md', 'liquid');
		const [feature = ''] = blocks('shopify.md', 'html');
		const [policy = ''] = blocks('shopify.md', 'http');
		const button = '<button data-see-it-in-your-room>See it in your room</button>';
		const page = await openShop(button + (await rendered(snippet, address)) + feature, {
			'content-security-policy': policy.replace('content-security-policy: ', '').trim().replaceAll(EXAMPLE, address)
		});
		await page.getByRole('button').click();
		await page.evaluate('photoTaken(); closed();');
		await expect
			.poll(() => sql<object[]>`select * from sessions`, PATIENCE)
			.toMatchObject([
				{
					shop_domain: 'example.myshopify.com',
					status: 'abandoned',
					abandonment_step: 'mask',
					abandonment_reason: 'closed',
					product_id: '8123456789012',
					product_title: 'Walnut "sideboard" </b>',
					product_price: '1299.5',
					entry_point: 'product_page'
				}
			]);
		const types = await sql`select event_type from analytics_events where session_id is null order by event_type`;
		expect(types).toEqual([{ event_type: 'ar_button_click' }, { event_type: 'ar_button_impression' }]);
	});

	it('have a schema that Shopify can read, where they are an app’s block', () => {
		const schemas = blocks('shopify.md', 'liquid').flatMap((code) => [
			...code.matchAll(/\{% schema %\}([^]*?)\{% endschema %\}/g)
		]);
		expect(schemas.map((match) => JSON.parse(match[1] ?? '') as unknown)).toMatchObject([{ target: 'body' }]);
	});

	it('send nothing before a shopper consents, where the shop asks', async () => {
		const { address, sql } = await startRoom();
		const consent = blocks('shopify.md', 'html')[1] ?? '';
		const page = await openShop(`<script src="${address}/sdk/v1/control-room.js"></script>${consent}`);
		const say = (allowed: boolean): string =>
			`document.dispatchEvent(new CustomEvent('visitorConsentCollected', { detail: { analyticsAllowed: ${allowed} } }));`;
		await page.evaluate(`client.track('before'); ${say(true)} client.track('with'); client.flush()`);
		await page.evaluate(`${say(false)} client.track('after'); client.flush()`);
		expect(await sql`select event_type from analytics_events`).toEqual([{ event_type: 'with' }]);
	});

	it('replace the older client’s file', async () => {
		const { address, sql } = await startRoom();
		const [tags = ''] = blocks('migrate.md', 'html');
		const page = await openShop(tags.replaceAll(EXAMPLE, address));
		await page.evaluate('analytics.flush()');
		const rows = await sql`select product_title, current_step from sessions`;
		expect(rows).toEqual([{ product_title: 'Walnut sideboard', current_step: 'room_capture' }]);
	});
});

/** As much of the frameworks' types as the examples need: they are not among the dependencies. */
const FRAMEWORKS = `
	declare module 'react' {
		export function useEffect(effect: () => void | (() => void), dependencies?: readonly unknown[]): void;
		export function useState<State>(initial: State): [State, (next: State) => void];
	}
	declare module 'svelte' {
		export function onMount(work: () => void | (() => void)): void;
	}
	declare module 'vue' {
		export function onMounted(work: () => void): void;
		export function onBeforeUnmount(work: () => void): void;
	}
	declare namespace JSX {
		interface IntrinsicElements {
			dialog: { open?: boolean; children?: unknown };
			button: { onClick?: () => void; children?: unknown };
		}
	}
	declare function $props(): any;
	declare function defineProps<Props>(): Props;
	declare function defineEmits<Events>(): (event: keyof Events) => void;
`;
