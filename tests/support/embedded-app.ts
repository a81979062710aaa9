/**
 * The smallest app with an embedded server: a process that tests start, kill and start again.
 * Usage: node embedded-app.js <dataDir> [share]. Prints one line of JSON when it is ready, stops at SIGTERM.
 */
import { startEmbedded } from '../../src/lib/server/db/embedded';
import { StartupError } from '../../src/lib/server/errors';

const [dataDir = '', mode] = process.argv.slice(2);
const warn = (message: string) => process.stderr.write(`${message}\n`);
try {
	const embedded = await startEmbedded({
		dataDir,
		exclusive: mode !== 'share',
		durable: false,
		log: { info: warn, warn }
	});
	const busy = setInterval(() => undefined, 1_000);
	process.once('SIGTERM', () => {
		clearInterval(busy);
		void embedded.stop();
	});
	const { url, superuserUrl, adopted } = embedded;
	process.stdout.write(`${JSON.stringify({ url, superuserUrl, adopted })}\n`);
} catch (error) {
	if (!(error instanceof StartupError)) throw error;
	warn(error.message);
	process.exitCode = 1;
}
