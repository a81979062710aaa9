/**
 * The SDK as others get it: packed, installed in a project of theirs, compiled with strict TypeScript, bundled, and run
 * in Node, where being killed costs nothing either.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { releases } from '../../src/sdk/releases';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { openNetwork } from '../support/sdk-shop';

const exec = promisify(execFile);
let project: string;

beforeAll(async () => {
	project = await mkdtemp(join(tmpdir(), 'control-room-consumer-'));
	await exec('npm', ['run', 'build:sdk']);
	await exec('npm', ['pack', './build/.sdk', '--pack-destination', project]);
	const [archive = ''] = (await readdir(project)).filter((name) => name.endsWith('.tgz'));
	await writeFile(join(project, 'package.json'), '{ "type": "module" }');
	// Nothing is asked of a registry: the client needs no other package.
	await exec('npm', ['install', '--offline', `./${archive}`], { cwd: project });
});
afterAll(() => rm(project, { recursive: true }));

/** What the compiler says of a file of the project. */
async function compile(text: string, module: 'nodenext' | 'esnext'): Promise<string> {
	await writeFile(join(project, 'consumer.ts'), text);
	const resolution = module === 'esnext' ? 'bundler' : 'nodenext';
	const options = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit'];
	const tsc = join(process.cwd(), 'node_modules', 'typescript', 'bin', 'tsc');
	const args = [...options, '--module', module, '--moduleResolution', resolution, '--target', 'es2022'];
	return exec(process.execPath, [tsc, ...args, 'consumer.ts'], { cwd: project }).then(
		({ stdout }) => stdout,
		(error: unknown) => (error as { stdout: string }).stdout
	);
}

const CONSUMER = `
	import { captureErrors, createClient, memoryStore, type EventMap } from 'control-room/sdk';
	import { createClient as createCore } from 'control-room/sdk/core';
	import SeeItAnalytics, { initAnalytics } from 'control-room/sdk/compat';
	import { fileStore } from 'control-room/sdk/file-store';
	const client = createClient<{ room_uploaded: { fileSize: number } }>({
		endpoint: 'https://monitor.example/api/analytics/events',
		shopDomain: 'a.myshopify.com',
		store: fileStore('queue'),
		beforeSend: (event) => (event.type === 'secret' ? null : event),
		onDrop: (event, reason, detail) => console.log(event.id, reason === 'rejected' ? detail : reason)
	});
	client.track('room_uploaded', { fileSize: 3 });
	client.track('step_update', { step: 'mask', status: 'started', anything: ['else'] });
	client.track('step_update', { step: 'a step of tomorrow' });
	client.track('a custom event', { free: true });
	const session = client.session();
	captureErrors(session, { max: 3 });
	session.step('room_capture').fail(new Error('dark'), { retakeCount: 2 });
	const id: string = session.aiRequest({ provider: 'fal', costUsd: '0.05' });
	session.track('room_uploaded', { fileSize: 3 });
	const data: EventMap['session_ended'] = { status: 'completed' };
	session.end('completed', data);
	createCore({ endpoint: id, shopDomain: '', store: memoryStore() }).buttonClick();
	const old: SeeItAnalytics = initAnalytics({ shopDomain: 'a.myshopify.com' });
	old.trackStep('mask', 'completed', { maskEditCount: 2 });
`;

/** Says what all entries export. */
const LIST = `
	const entries = ['sdk', 'sdk/core', 'sdk/compat', 'sdk/file-store'];
	const modules = await Promise.all(entries.map((entry) => import('control-room/' + entry)));
	console.log(JSON.stringify(modules.flatMap((module) => Object.keys(module))));
`;

it('is served at the address that shops have pinned, with the same bytes for ever, once it was released', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const released = [...releases()];
	expect(released.length).toBeGreaterThan(0);
	for (const [hash, code] of released) {
		const answer = await fetch(`${address}/sdk/v1/${hash}/control-room.js`, {
			headers: { origin: 'https://shop.example' }
		});
		expect([hash, answer.status, await answer.text()]).toEqual([hash, 200, code]);
		expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
		// Without it no browser compares the hash.
		expect(answer.headers.get('access-control-allow-origin')).toBe('*');
	}
});

describe('the packed SDK', () => {
	it.each(['nodenext', 'esnext'] as const)(
		'compiles in a strict project of modules %s, with nothing beside it',
		async (module) => {
			expect(await compile(CONSUMER, module)).toBe('');
			const wrong = `${CONSUMER}
			client.track('room_uploaded', { fileSize: 'large' });
			client.track('step_update', { durationMs: 'long' });
			session.end(3);
			createClient({ shopDomain: 'a.myshopify.com' });`;
			expect((await compile(wrong, module)).match(/error TS\d+/g)?.length).toBe(4);
		}
	);

	it('brings no file but its own, and only what is used into a bundle', async () => {
		const installed = join(project, 'node_modules', 'control-room');
		expect(await readdir(join(project, 'node_modules'))).toEqual(['.package-lock.json', 'control-room']);
		const files = (await readdir(installed, { recursive: true })).filter((name) => name.endsWith('s'));
		expect(files).toContain('index.js');
		expect(files.filter((name) => /^(src|tests|build|node_modules)\b|\.test\./.test(name))).toEqual([]);
		const bundled = async (text: string): Promise<string> => {
			const entry = join(project, 'entry.js');
			await writeFile(entry, text);
			const lib = { entry, formats: ['es' as const], fileName: 'out' };
			await build({
				configFile: false,
				root: project,
				logLevel: 'silent',
				build: { lib, outDir: 'out', minify: false }
			});
			return readFile(join(project, 'out', 'out.js'), 'utf8');
		};
		const core = await bundled("export { createClient } from 'control-room/sdk/core'");
		expect(core).not.toMatch(/unhandledrejection|SamsungBrowser|image_prepared|^import /m);
		const device = await bundled("export { deviceContext } from 'control-room/sdk'");
		expect(device).toContain('SamsungBrowser');
		expect(device).not.toMatch(/localStorage|keepalive|session_started/);
	});

	it('has the exports of the checkout, which can stand in for it', async () => {
		const names = async (cwd: string): Promise<string[]> => {
			const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', LIST], { cwd });
			return JSON.parse(stdout) as string[];
		};
		const packed = await names(project);
		expect(packed).toEqual(expect.arrayContaining(['createClient', 'initAnalytics', 'fileStore']));
		expect(await names(process.cwd())).toEqual(packed);
	});

	it('keeps a Node process alive for whoever waits for flush, and for nobody else', async () => {
		const database = await testDatabase();
		onTestFinished(() => database.drop());
		const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
		const network = await openNetwork(address);
		await writeFile(
			join(project, 'waits.js'),
			`import { createClient } from 'control-room/sdk';
			const client = createClient({ endpoint: process.argv[2], shopDomain: 'a.myshopify.com' });
			client.track('custom');
			const [, , , wait, late] = process.argv;
			// Also where the pause has begun before.
			if (late) await new Promise((resolve) => setTimeout(resolve, 1500));
			if (wait) await client.flush();
			console.log('ended');`
		);
		const run = (...args: string[]): Promise<{ stdout: string }> =>
			exec(process.execPath, ['waits.js', network.endpoint, ...args], { cwd: project });
		network.fate = (number) => (number < 3 ? { status: 503 } : 'passes');
		expect((await run('wait')).stdout).toBe('ended\n');
		network.requests.length = 0;
		expect((await run('wait', 'late')).stdout).toBe('ended\n');
		expect(await database.sql`select 1 from analytics_events`).toHaveLength(2);
		network.fate = () => ({ status: 503 });
		expect((await run()).stdout).toBe('ended\n');
	});

	it.runIf(process.platform === 'linux')(
		'keeps each event that a file store took before its disk was full',
		async () => {
			const run = async (text: string): Promise<unknown> => {
				await writeFile(
					join(project, 'full.js'),
					`import { fileStore } from 'control-room/sdk/file-store';
				// A limit on the size of files stands in for the disk: a line is cut in its middle, then comes the error.
				process.on('SIGXFSZ', () => undefined);
				const store = fileStore('full/events');
				${text}`
				);
				const command = `ulimit -f 8; exec "${process.execPath}" full.js`;
				return JSON.parse((await exec('/bin/bash', ['-c', command], { cwd: project })).stdout);
			};
			const kept = await run(
				`const keys = [];
			const put = (key, length) => {
				try {
					store.put(key, JSON.stringify('x'.repeat(length)));
					keys.push(key);
				} catch {}
			};
			for (let n = 10; n < 30; n++) put('k' + n, 900);
			store.remove(keys.shift());
			put('small', 5);
			console.log(JSON.stringify(keys));`
			);
			expect(kept).toContain('small');
			expect(await run(`console.log(JSON.stringify(store.all().map(([key]) => key)));`)).toEqual(kept);
		}
	);

	it('loses nothing that a killed Node process had accepted or flushed', async () => {
		const database = await testDatabase();
		onTestFinished(() => database.drop());
		const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
		const network = await openNetwork(address);
		const script = join(project, 'program.js');
		await writeFile(
			script,
			`import { createClient } from 'control-room/sdk';
			import { fileStore } from 'control-room/sdk/file-store';
			const client = createClient({
				endpoint: process.argv[2],
				shopDomain: 'a.myshopify.com',
				store: fileStore('queue/events')
			});
			const ids = Array.from({ length: 50 }, (_, n) => client.track('custom', { n, pid: process.pid }));
			console.log(JSON.stringify(ids));
			await client.flush();
			console.log('flushed');
			setInterval(() => undefined, 1000);`
		);
		/** Runs the program until it has said so many lines, then kills it at once. */
		const runAndKill = async (lines: number): Promise<string[]> => {
			const child = spawn(process.execPath, [script, network.endpoint], {
				cwd: project,
				stdio: ['ignore', 'pipe', 'inherit']
			});
			onTestFinished(() => void child.kill('SIGKILL'));
			const ended = once(child, 'close');
			const said: string[] = [];
			for await (const line of createInterface(child.stdout)) if (said.push(line) === lines) child.kill('SIGKILL');
			await ended;
			return JSON.parse(said[0] ?? '[]') as string[];
		};

		network.fate = (number) => (number === 0 ? 'loses its answer' : { status: 503 });
		const accepted = await runAndKill(1);
		network.fate = () => 'passes';
		const flushed = await runAndKill(2);
		const rows = await database.sql<{ id: string }[]>`select id from analytics_events order by id`;
		expect(rows.map(({ id }) => id)).toEqual([...accepted, ...flushed]);
		expect(accepted.length + flushed.length).toBe(100);
	});
});
