/** The commands about the archive as an operator runs them. */
import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';

it('a drill brings a day back from the archive alone, and every table is as it was', async () => {
	const child = spawn(process.execPath, ['src/launch.js', 'cli', 'drill', '--events', '1500'], {
		env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	onTestFinished(() => void child.kill('SIGTERM'));
	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => (said += text));
	const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
	expect(`${code}\n${said}`).toMatch(/^0\n/);
	expect(said).toMatch(/identical {2}analytics_events +1,\d{3} rows/);
	expect(said).toMatch(/left out {3}commits/);
	expect(said).toContain('\nIdentical.\n');
});
