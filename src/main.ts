/** The production process: settings → database → pipeline → HTTP, and the same way back. Wiring only. */
import { basename } from 'node:path';
import { readConfig } from '$lib/server/config';
import { startEmbedded } from '$lib/server/db/embedded';
import { StartupError } from '$lib/server/errors';
import { startHttp } from '$lib/server/http';
import { banner } from '$lib/server/http/banner';
import { loadKit } from '$lib/server/http/kit';
import { createLog } from '$lib/server/log';
import { startPipeline } from '$lib/server/pipeline';

/** Signals within this time of the first are the same Ctrl-C: npm sends its child again what the terminal sent. */
const SAME_SIGNAL_MS = 400;
const INTERRUPTED = 130;

process.setSourceMapsEnabled(true);
const log = createLog({ level: 'info', terminal: process.stderr.isTTY });
/** How to end what has been started, in the order in which it was. */
const started: (() => Promise<void>)[] = [];
let endingSince = 0;

process.on('uncaughtException', die);
process.on('unhandledRejection', die);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(signal));
start().catch(async (error: unknown) => {
	if (endingSince > 0) return;
	if (error instanceof StartupError) process.stderr.write(`${error.message}\n`);
	else log.fatal({ err: error }, 'the start failed');
	await stopAll();
	process.exit(1);
});

async function start(): Promise<void> {
	const config = readConfig();
	log.level = config.logLevel;
	const folder = import.meta.dirname;
	let { databaseUrl } = config;
	let passwordFile: string | null = null;
	if (databaseUrl === undefined) {
		const embedded = await startEmbedded({ dataDir: config.dataDir, exclusive: true, log });
		started.push(() => embedded.stop());
		({ url: databaseUrl, passwordFile } = embedded);
	}
	const pipeline = await startPipeline({ ...config, databaseUrl, build: basename(folder), log });
	started.push(() => pipeline.stop());
	const http = await startHttp({
		...config,
		server: config.httpServer,
		drainMs: config.requestDeadlineMs + 2000,
		pipeline,
		clientFolder: `${folder}/client`,
		kit: await loadKit(folder, { pipeline, demo: config.demo, log }),
		log
	});
	started.push(() => http.stop());
	const { address } = http;
	const setupLink = await pipeline.access.setupLink(address);
	process.stdout.write(banner({ address, databaseUrl, passwordFile, setupLink }));
}

async function end(signal: string): Promise<void> {
	if (endingSince > 0) {
		if (Date.now() - endingSince > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
		return;
	}
	endingSince = Date.now();
	log.info({ signal }, 'ending: accepted requests are answered first');
	await stopAll();
	process.exit(0);
}

async function stopAll(): Promise<void> {
	for (const stop of started.splice(0).reverse()) await stop();
}

/** Nothing is saved on the way out: what was acknowledged is in the database, and the rest is sent again. */
function die(error: unknown): void {
	log.fatal({ err: error }, 'a fault that nobody expected');
	process.exit(1);
}
