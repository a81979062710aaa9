import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfig, SETTINGS } from './config';
import { StartupError } from './errors';

function faults(env: NodeJS.ProcessEnv): string[] {
	try {
		readConfig(env);
		return [];
	} catch (error) {
		if (!(error instanceof StartupError)) throw error;
		return error.message.split('\n');
	}
}

describe('settings', () => {
	it('have defaults that serve this machine alone', () => {
		expect(readConfig({})).toMatchObject({ host: '127.0.0.1', port: 3000, databaseUrl: undefined, httpServer: 'auto' });
	});

	it('are all in .env.example, with their defaults', () => {
		const example = parseEnv(readFileSync('.env.example', 'utf8'));
		expect(Object.keys(example).sort()).toEqual([...SETTINGS].sort());
		expect(readConfig(example)).toEqual(readConfig({}));
	});

	it('report every fault at once, by name', () => {
		expect(
			faults({ PORT: '70000', DATABASE_URL: 'mysql://x', HTTP_SERVER: 'apache', SESSION_TIMEOUT_SECONDS: '1e3' })
		).toEqual([
			'PORT must be a whole number from 0 to 65535',
			'DATABASE_URL must begin with postgres:// or postgresql://',
			'HTTP_SERVER must be auto, uws or node',
			'SESSION_TIMEOUT_SECONDS must be a whole number from 10 to 86400'
		]);
	});

	it('take an empty value for none', () => {
		expect(readConfig({ PORT: '', DATABASE_URL: ' ' })).toEqual(readConfig({}));
	});

	it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', '128.0.0.1', '127.evil.example'])(
		'know that others reach HOST=%s',
		(HOST) => {
			expect(readConfig({ HOST })).toMatchObject({ host: HOST, reach: { listensHereAlone: false } });
		}
	);

	it.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('know that this machine alone reaches HOST=%s', (HOST) => {
		expect(readConfig({ HOST })).toMatchObject({ host: HOST, reach: { listensHereAlone: true } });
	});

	it('take a password that is long enough, or its hash', () => {
		expect(faults({ ADMIN_PASSWORD: 'short' })).toEqual(['ADMIN_PASSWORD must have 12 to 200 characters']);
		expect(readConfig({ ADMIN_PASSWORD: 'long enough for all' }).adminPassword).toBe('long enough for all');
	});

	it('take addresses and networks of proxies', () => {
		const { trustedProxies } = readConfig({ TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,fd00::/8' }).reach;
		expect(trustedProxies).toEqual(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
		expect(faults({ TRUSTED_PROXIES: 'proxy' })).toEqual([
			expect.stringContaining('TRUSTED_PROXIES must be addresses')
		]);
		expect(faults({ TRUSTED_PROXIES: '10.0.0.0/99' })).toEqual([expect.stringContaining('TRUSTED_PROXIES must be')]);
	});

	it('have the demo shop on this machine alone, unless they say otherwise', () => {
		const open = { HOST: '0.0.0.0' };
		expect([readConfig({}).demo, readConfig({ HOST: 'localhost' }).demo, readConfig(open).demo]).toEqual([
			true,
			true,
			false
		]);
		expect([readConfig({ DEMO: '0' }).demo, readConfig({ ...open, DEMO: '1' }).demo]).toEqual([false, true]);
		expect(faults({ DEMO: 'yes' })).toEqual(['DEMO must be auto, 0 or 1']);
	});

	it('reduce public origins to origins', () => {
		const { publicOrigins } = readConfig({ PUBLIC_ORIGINS: 'https://a.example/, http://b.example:8080' }).reach;
		expect(publicOrigins).toEqual(['https://a.example', 'http://b.example:8080']);
		expect(faults({ PUBLIC_ORIGINS: 'a.example' })).toEqual([
			expect.stringContaining('PUBLIC_ORIGINS must be origins')
		]);
	});

	it('have the archive in the data directory, unless they name a bucket or a folder', () => {
		expect(readConfig({ DATA_DIR: '/d' }).archive.location).toEqual({ kind: 'folder', folder: '/d/archive' });
		expect(readConfig({ ARCHIVE_URL: 'file:///a%20b' }).archive.location).toEqual({ kind: 'folder', folder: '/a b' });
		expect(
			readConfig({
				ARCHIVE_URL: 'gs://our-events//shop/one/',
				GOOGLE_CREDENTIALS_JSON: '{"type":"service_account","client_email":"a@b.c","project_id":"p"}',
				GOOGLE_APPLICATION_CREDENTIALS: 'package.json'
			}).archive.location
		).toEqual({
			kind: 'bucket',
			bucket: 'our-events',
			prefix: 'shop/one/',
			endpoint: undefined,
			credentials: { type: 'service_account', client_email: 'a@b.c', project_id: 'p' },
			keyFile: resolve('package.json')
		});
	});

	it.each(['s3://bucket', 'gs://', 'gs://UPPER', 'gs:///x', 'file:relative', 'file://host/x', '/folder'])(
		'refuse ARCHIVE_URL=%s',
		(ARCHIVE_URL) => {
			expect(faults({ ARCHIVE_URL })).toEqual(['ARCHIVE_URL must be like gs://bucket/prefix or file:///folder']);
		}
	);

	it('never repeat a secret that they can not read', () => {
		expect(
			faults({
				GOOGLE_CREDENTIALS_JSON: '{"private_key":"very secret"}',
				GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json',
				ARCHIVE_ENDPOINT: 'ftp://x'
			})
		).toEqual([
			'ARCHIVE_ENDPOINT must be a URL such as https://storage.example.com',
			'GOOGLE_APPLICATION_CREDENTIALS names a file that is not there',
			'GOOGLE_CREDENTIALS_JSON must be the JSON of a key file of Google'
		]);
	});
});
