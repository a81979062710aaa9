import { readFileSync } from 'node:fs';
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
		'refuse HOST=%s without consent',
		(HOST) => {
			expect(faults({ HOST })).toEqual([expect.stringContaining('ALLOW_OPEN_DASHBOARD=1')]);
			expect(readConfig({ HOST, ALLOW_OPEN_DASHBOARD: '1' }).host).toBe(HOST);
		}
	);

	it.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('take HOST=%s', (HOST) => {
		expect(readConfig({ HOST }).host).toBe(HOST);
	});

	it('have the demo shop on this machine alone, unless they say otherwise', () => {
		const open = { HOST: '0.0.0.0', ALLOW_OPEN_DASHBOARD: '1' };
		expect([readConfig({}).demo, readConfig({ HOST: 'localhost' }).demo, readConfig(open).demo]).toEqual([
			true,
			true,
			false
		]);
		expect([readConfig({ DEMO: '0' }).demo, readConfig({ ...open, DEMO: '1' }).demo]).toEqual([false, true]);
		expect(faults({ DEMO: 'yes' })).toEqual(['DEMO must be auto, 0 or 1']);
	});

	it('reduce public origins to origins', () => {
		const { publicOrigins } = readConfig({ PUBLIC_ORIGINS: 'https://a.example/, http://b.example:8080' });
		expect(publicOrigins).toEqual(['https://a.example', 'http://b.example:8080']);
		expect(faults({ PUBLIC_ORIGINS: 'a.example' })).toEqual([
			expect.stringContaining('PUBLIC_ORIGINS must be origins')
		]);
	});
});
