import { expect, test } from 'vitest';
import { serverSettings } from './server-settings';

test.each([
	[0.5, '256MB'],
	[2, '256MB'],
	[8, '1024MB'],
	[24, '3072MB'],
	[256, '4096MB']
])('a machine of %d GB gives the embedded server %s for its own cache', (gigabytes, buffers) => {
	expect(serverSettings(true, gigabytes * 2 ** 30)).toMatchObject({ shared_buffers: buffers });
});
