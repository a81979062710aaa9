/**
 * A real Chromium: that of CHROMIUM_PATH if set, else the one that comes from the package registry, so that tests need
 * nothing but npm. Its own list of arguments is not used: it switches off the same-origin rules, which are part of what
 * is tested here.
 */
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Starts it, without a window. Close it. */
export async function launchChromium(): Promise<Browser> {
	const executablePath = process.env['CHROMIUM_PATH'] || (process.platform === 'linux' ? await unpacked() : '');
	return chromium.launch({
		// Elsewhere than on Linux: the browser that people have.
		...(executablePath ? { executablePath } : { channel: 'chrome' }),
		// Root has no sandbox, nor has a container for ordinary users. Its /dev/shm is too small for Chromium.
		args: ['--no-sandbox', '--disable-dev-shm-usage']
	});
}

/** The package's browser, unpacked once beside the packages; whole or not at all, because test files run at the same time. */
async function unpacked(): Promise<string> {
	const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
	const name = join('@sparticuz', 'chromium');
	const packages = entry.slice(0, entry.lastIndexOf(name));
	const { version } = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as { version: string };
	const folder = join(packages, '.cache', `chromium-${version}`);
	const program = join(folder, 'chromium');
	if (await exists(program)) return program;
	await mkdir(dirname(folder), { recursive: true });
	const made = await mkdtemp(`${folder}-`);
	const before = process.env['TMPDIR'];
	// The package unpacks into the system's temporary folder, and takes a half unpacked file there for a whole one.
	process.env['TMPDIR'] = made;
	try {
		const { default: packaged } = await import('@sparticuz/chromium');
		await packaged.executablePath();
	} finally {
		if (before === undefined) delete process.env['TMPDIR'];
		else process.env['TMPDIR'] = before;
	}
	try {
		await rename(made, folder);
	} catch (error) {
		// Another test file was quicker.
		await rm(made, { recursive: true });
		if (!(await exists(program))) throw error;
	}
	return program;
}

function exists(path: string): Promise<boolean> {
	return stat(path).then(
		() => true,
		() => false
	);
}
