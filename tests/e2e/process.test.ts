/** The real process, built and started as an operator does: what it says at its start, refuses, and does at its end. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDataDir } from '../support/data-directory';
import { testDatabase } from '../support/database';
import { SERVERS } from '../support/servers';
import { freePort, runToEnd, startProcess, type Ended } from '../support/process';

const exec = promisify(execFile);

/** What an operator sees of a start that was refused: one line, and exit code 1. */
function refusal({ code, stdout, stderr }: Ended): string {
	expect(stdout).toBe('');
	// What the log says before is for the machine; the last line is for the operator.
	const lines = stderr.trimEnd().split('\n').filter((line) => !line.startsWith('{')); // prettier-ignore
	expect({ code, lines: lines.length }, stderr).toEqual({ code: 1, lines: 1 });
	return lines[0] ?? '';
}

describe('the process', () => {
	it('starts with nothing but a folder, and prints its address, a first event that works twice, and its database', async () => {
		const app = await startProcess({ DATA_DIR: await temporaryDataDir(), PORT: '0' });

		const page = await fetch(app.address);
		expect(page.status).toBe(200);
		expect(await page.text()).toContain('<!doctype html>');
		expect(await (await fetch(`${app.address}/healthz`)).json()).toEqual({ status: 'ok' });
		await expect.poll(async () => (await fetch(`${app.address}/readyz`)).status).toBe(200);

		const first = await exec('sh', ['-c', app.curl]);
		// The session's id in it is the time in seconds: wait for the next one.
		const seconds = () => Math.floor(Date.now() / 1000);
		await expect.poll(seconds).toBeGreaterThan(seconds());
		const second = await exec('sh', ['-c', app.curl]);
		for (const { stdout } of [first, second]) expect(JSON.parse(stdout)).toMatchObject({ success: true, accepted: 1 });

		// The line for psql has the password when a shell has read it, and before that nobody.
		const { password } = new URL(app.databaseUrl);
		expect(password.length).toBeGreaterThan(30);
		expect(app.stdout() + app.stderr()).not.toContain(password);
		const line = app.psql.replace(' psql ', ' printenv PGPASSWORD #');
		expect((await exec('sh', ['-c', line])).stdout.trim()).toBe(password);
		const sql = postgres(app.databaseUrl, { max: 1 });
		try {
			const sessions = await sql<{ status: string }[]>`select status from sessions`;
			expect(sessions.map((row) => row.status)).toEqual(['in_progress', 'in_progress']);
		} finally {
			await sql.end();
		}

		app.kill('SIGTERM');
		expect(await app.ended).toMatchObject({ code: 0 });
	});

	it('answers an accepted request before it ends', async () => {
		const app = await startProcess({ DATA_DIR: await temporaryDataDir(), PORT: '0' });
		const { hostname, port } = new URL(app.address);
		const body = JSON.stringify({ type: 'session_started', sessionId: 'sess_slow', shopDomain: 'demo.myshopify.com' });
		const socket = connect(Number(port), hostname);
		let answer = '';
		socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
		const closed = new Promise((resolve) => socket.once('close', resolve));
		socket.write(
			`POST /api/analytics/events HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
		);
		socket.write(body.slice(0, 20));
		// The server has the first half when it has answered another request that was sent later.
		await fetch(`${app.address}/healthz`);
		app.kill('SIGTERM');
		await expect.poll(() => app.stderr()).toContain('ending');
		await expect.poll(() => fetch(`${app.address}/healthz`).then(() => 'open', () => 'closed')).toBe('closed'); // prettier-ignore
		socket.write(body.slice(20));
		await closed;
		expect(answer).toMatch(/^HTTP\/1\.1 200 /);
		expect(answer).toContain('"accepted":1');
		expect(await app.ended).toMatchObject({ code: 0 });
	});

	it.each(['SIGINT', 'SIGHUP'] as const)('ends by itself after %s, also when npm sends it twice', async (signal) => {
		const app = await startProcess({ DATA_DIR: await temporaryDataDir(), PORT: '0' });
		app.kill(signal);
		app.kill(signal);
		expect(await app.ended).toMatchObject({ code: 0 });
	});

	it('ends at once at a second Ctrl-C', async () => {
		const app = await startProcess({ DATA_DIR: await temporaryDataDir(), PORT: '0' });
		const { hostname, port } = new URL(app.address);
		const socket = connect(Number(port), hostname);
		socket.on('error', () => undefined);
		socket.write(`POST /api/analytics/events HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 100\r\n\r\n{`);
		await fetch(`${app.address}/healthz`);
		app.kill('SIGINT');
		await expect.poll(() => app.stderr()).toContain('ending');
		// What comes sooner is the same Ctrl-C.
		const first = Date.now();
		await expect.poll(() => Date.now() - first).toBeGreaterThan(600);
		app.kill('SIGINT');
		expect(await app.ended).toMatchObject({ code: 130 });
	});

	it('refuses a data directory that another process uses', async () => {
		const dataDir = await temporaryDataDir();
		await startProcess({ DATA_DIR: dataDir, PORT: '0' });
		expect(refusal(await runToEnd({ DATA_DIR: dataDir, PORT: '0' }))).toContain(dataDir);
	});

	it('refuses a taken port', async () => {
		const first = await startProcess({ DATA_DIR: await temporaryDataDir(), PORT: '0' });
		const { port } = new URL(first.address);
		for (const HTTP_SERVER of SERVERS) {
			const end = await runToEnd({ DATA_DIR: await temporaryDataDir(), PORT: port, HTTP_SERVER });
			expect(refusal(end)).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*another program.*PORT`));
		}
	});

	it('refuses to show everything to everybody', async () => {
		const { url, drop } = await testDatabase();
		onTestFinished(drop);
		expect(refusal(await runToEnd({ HOST: '0.0.0.0', DATABASE_URL: url }))).toContain('set ADMIN_PASSWORD');
	});

	it('refuses a database that is away, without telling its password', async () => {
		const DATABASE_URL = `postgres://someone:secret@127.0.0.1:${await freePort()}/nothing`;
		const line = refusal(await runToEnd({ DATABASE_URL, PORT: '0' }));
		expect(line).toContain('127.0.0.1');
		expect(line).not.toContain('secret');
	});
});
