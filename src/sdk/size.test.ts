import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundle } from './vite';

const zipped = async (entry: string): Promise<number> => gzipSync(await bundle(entry), { level: 9 }).length;

describe('the size of the SDK, minified and gzipped', () => {
	it('is at most 3 kB for the core', async () => {
		expect(await zipped('core')).toBeLessThanOrEqual(3 * 1024);
	});

	it('is at most 5.5 kB for the script with all of it', async () => {
		expect(await zipped('script')).toBeLessThanOrEqual(5.5 * 1024);
	});
});
