/**
 * The proxies of docs/proxy, run from the very files that people copy: only names, ports and certificates are put in, and
 * what a program needs that is not the machine's service.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from './process';

export const PROXIES = ['nginx', 'caddy'] as const;
export type ProxyName = (typeof PROXIES)[number];

/** Whether this machine has it. */
export function isInstalled(name: ProxyName): boolean {
	try {
		execFileSync(name, [name === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' });
		execFileSync('openssl', ['version'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

export interface Proxy {
	port: number;
	/** As in PUBLIC_ORIGINS. */
	origin: string;
	/** Of its certificate. */
	certificate: string;
	/** All that it said. */
	output: () => string;
}

/** Where a proxy will listen, and the certificate that it will show. */
export async function placeForProxy(folder: string): Promise<Proxy & { key: string }> {
	const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
	const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' }); // prettier-ignore
	const port = await freePort();
	return { port, key, certificate, origin: `https://localhost:${port}`, output: () => '' };
}

/** Starts it before a process, until the test is over. */
export async function startProxy(
	name: ProxyName,
	folder: string,
	place: Awaited<ReturnType<typeof placeForProxy>>,
	upstream: URL
): Promise<Proxy> {
	const plainPort = await freePort();
	const file = join(folder, name === 'nginx' ? 'nginx.conf' : 'Caddyfile');
	writeFileSync(file, name === 'nginx' ? nginx(folder, place, upstream, plainPort) : caddy(place, upstream, plainPort));
	const args = name === 'nginx' ? ['-c', file, '-p', folder, '-e', 'stderr'] : ['run', '--adapter', 'caddyfile', '--config', file]; // prettier-ignore
	const home = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
	const child = spawn(name, args, { env: home, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	child.stdout.on('data', (text: Buffer) => (output += text.toString()));
	child.stderr.on('data', (text: Buffer) => (output += text.toString()));
	const ended = new Promise((resolve) => child.once('close', resolve));
	onTestFinished(async () => {
		child.kill('SIGTERM');
		await ended;
	});
	return { ...place, output: () => output };
}

function nginx(
	folder: string,
	{ port, key, certificate }: Proxy & { key: string },
	upstream: URL,
	plainPort: number
): string {
	mkdirSync(join(folder, 'temp'));
	const site = readFileSync('docs/proxy/nginx.conf', 'utf8')
		.replace('server 127.0.0.1:3000;', `server ${upstream.host};`)
		.replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
		.replace('listen 80;', `listen 127.0.0.1:${plainPort};`)
		.replaceAll('monitor.example.com;', 'localhost;')
		.replace('/etc/ssl/monitor.example.com.pem', `"${certificate}"`)
		.replace('/etc/ssl/monitor.example.com.key', `"${key}"`);
	const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path temp/${kind};`);
	return `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid nginx.pid; events {}
http { access_log off; ${temp.join(' ')}
${site} }`;
}

function caddy({ port, key, certificate }: Proxy & { key: string }, upstream: URL, plainPort: number): string {
	return readFileSync('docs/proxy/Caddyfile', 'utf8')
		.replace('{\n\tservers', `{\n\tadmin off\n\thttp_port ${plainPort}\n\thttps_port ${port}\n\tservers`)
		.replace('monitor.example.com {', `localhost:${port} {\n\ttls "${certificate}" "${key}"`)
		.replace('reverse_proxy 127.0.0.1:3000', `reverse_proxy ${upstream.host}`);
}
