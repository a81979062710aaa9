/**
 * The smallest app with an embedded server: a process that tests start, kill and start again.
 * Usage: node embedded-app.js <dataDir> [share]. Prints one line of JSON when it is ready, stops at SIGTERM.
 */
import { startEmbedded } from '../../src/lib/server/db/embedded';
import { StartupError } from '../../src/lib/server/errors';

const [dataDir = '', mode] = process.argv.slice(2);
const warn = (message: string) => console.error(message);
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
	console.log(JSON.stringify({ url: embedded.url, superuserUrl: embedded.superuserUrl, adopted: embedded.adopted }));
} catch (error) {
	if (!(error instanceof StartupError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}
