import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hashOf, release, releases } from './releases';

it('keeps what was released as it was, and lets no build go on with less', () => {
	const folder = mkdtempSync(join(tmpdir(), 'control-room-releases-'));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	for (const code of ['older', 'newer']) release(code, folder);
	expect(releases(folder)).toEqual(new Map(['older', 'newer'].map((code) => [hashOf(code), code])));
	appendFileSync(join(folder, hashOf('older')), ' and mended');
	expect(() => releases(folder)).toThrow(`${hashOf('older')} is not what was released`);
});
