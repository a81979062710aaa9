/**
 * The dev server's half of main.ts: the same wiring inside of Vite. The pipeline is loaded through Vite, so that a
 * change of its sources starts it anew; PostgreSQL stays through that, and through Vite's own restarts.
 */
import type { HttpServer, Plugin, ViteDevServer } from 'vite';
import type { Pipeline } from '../pipeline';
import type { ApiRouter } from './router';

/** Sources whose change starts the pipeline anew; what only pages use is Vite's own business. */
const PIPELINE_SOURCES = /\/src\/lib\/(server|events|live)\/.*\.ts$/;
const OTHER_SOURCES = /\.(test|svelte)\.ts$/;
/** Editors and formatters write several files at once, in milliseconds. */
const SETTLE_MS = 150;

interface Running {
	pipeline: Pipeline;
	answer: ApiRouter;
}

/** The Vite plugin. */
export function devPipeline(): Plugin {
	let server: ViteDevServer | undefined;
	let lasting: App.DevServer | undefined;
	return {
		name: 'control-room-pipeline',
		apply: 'serve',
		config: async () => {
			const { readConfig } = await import('../config.ts');
			const { host, port } = await Promise.resolve()
				.then(() => readConfig())
				.catch(rethrowPlain);
			// Vite's own CORS would answer the preflights that ingest answers.
			return { server: { host, port, strictPort: true, cors: false } };
		},
		configureServer: async (vite) => {
			if (!vite.httpServer) return;
			lasting = lastingState();
			lasting.owner = vite;
			server = vite;
			await serve(vite, vite.httpServer, lasting).catch(rethrowPlain);
		},
		// Vite waits for this before it exits on SIGTERM. A restart closes the old server when the new one owns all.
		closeBundle: async () => {
			if (lasting && lasting.owner === server) await lasting.end();
		}
	};
}

/** What is meant for the operator is said without where it was thrown. */
function rethrowPlain(error: unknown): never {
	if (error instanceof Error && error.name === 'StartupError') error.stack = error.message;
	throw error;
}

async function serve(vite: ViteDevServer, httpServer: HttpServer, lasting: App.DevServer): Promise<void> {
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- each call names the module and its type together
	const load = async <T>(file: string): Promise<T> => (await vite.ssrLoadModule(`/src/lib/server/${file}`)) as T;
	const { readConfig } = await load<typeof import('../config')>('config.ts');
	const { createSockets, handshakeOf } = await load<typeof import('./sockets')>('http/sockets.ts');
	const { clientReader } = await load<typeof import('./client')>('http/client.ts');
	const { NodeExchange } = await load<typeof import('./node')>('http/node.ts');
	const { InFlight } = await load<typeof import('./drain')>('http/drain.ts');
	const { ingestLimit } = await load<typeof import('../access/limits')>('access/limits.ts');
	const { createLog } = await load<typeof import('../log')>('log.ts');
	const config = readConfig();
	const log = createLog({ level: config.logLevel, terminal: process.stderr.isTTY });

	await lasting.stopPipeline();
	if (config.databaseUrl === undefined) {
		const { startEmbedded } = await load<typeof import('../db/embedded')>('db/embedded.ts');
		lasting.embedded ??= startEmbedded({ dataDir: config.dataDir, exclusive: true, log });
	}
	const embedded = config.databaseUrl === undefined ? await lasting.embedded : null;
	const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';

	// destroyUpgrade: Vite's own WebSocket comes by the same server.
	const clientOf = clientReader(config.reach.trustedProxies, config.reach.publicOrigins);
	let pipelineNow: Pipeline | null = null;
	const io = createSockets(
		{
			handshakeRefusal: (handshake) =>
				pipelineNow ? pipelineNow.handshakeRefusal(handshake) : 'The server is just starting.'
		},
		clientOf,
		{ destroyUpgrade: false }
	);
	io.attach(httpServer);

	let running = startOne();
	// Requests say what is wrong; until then nobody may take the rejection for an unexpected one.
	running.catch(() => undefined);
	lasting.stopPipeline = stopOne;

	async function startOne(): Promise<Running> {
		const { startPipeline } = await load<typeof import('../pipeline')>('pipeline.ts');
		const { createApiRouter } = await load<typeof import('./router')>('http/router.ts');
		const pipeline = await startPipeline({ ...config, databaseUrl, build: 'dev', log });
		pipelineNow = pipeline;
		pipeline.serveSockets(io, (socket) => handshakeOf(socket, clientOf));
		const readiness = (): ReturnType<Pipeline['readiness']> => pipeline.readiness();
		const limit = ingestLimit(config.ingestRequestsPerSecond);
		return { pipeline, answer: createApiRouter({ routes: pipeline.routes, readiness, clientOf, limit, log }) };
	}

	async function stopOne(): Promise<void> {
		io.removeAllListeners('connection');
		// Not disconnect(): a client takes that as a wish not to see it again, and would not come back by itself.
		for (const socket of io.sockets.sockets.values()) socket.conn.close();
		await running.then(({ pipeline }) => pipeline.stop()).catch(() => undefined);
	}

	async function restart(): Promise<Running> {
		await stopOne();
		return startOne();
	}

	let settle: NodeJS.Timeout | undefined;
	vite.watcher.on('all', (_, file) => {
		const name = file.replaceAll('\\', '/');
		if (!PIPELINE_SOURCES.test(name) || OTHER_SOURCES.test(name)) return;
		clearTimeout(settle);
		settle = setTimeout(() => {
			vite.config.logger.info('pipeline: sources changed, starting anew', { timestamp: true });
			running = restart();
			running.catch((error: unknown) => {
				vite.config.logger.error(
					`pipeline: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
				);
			});
		}, SETTLE_MS);
	});

	lasting.platform = async () => {
		const { pipeline } = await running;
		return { pipeline, demo: config.demo, log };
	};
	const inFlight = new InFlight();
	vite.middlewares.use((req, res, next) => {
		running.then(({ answer }) => {
			const exchange = new NodeExchange(req, res, inFlight);
			if (answer(exchange, exchange) === null) next();
		}, next);
	});

	const { banner } = await load<typeof import('./banner')>('http/banner.ts');
	const passwordFile = embedded?.passwordFile ?? null;
	const { pipeline } = await running;
	httpServer.once('listening', () => {
		const bound = httpServer.address();
		const port = bound !== null && typeof bound === 'object' ? bound.port : config.port;
		const address = `http://${config.host}:${port}`;
		void pipeline.access.setupLink(address).then((setupLink) => {
			process.stdout.write(banner({ address, databaseUrl, passwordFile, setupLink }));
		});
	});
}

/** Made once a process, with the end of it all: Vite itself would leave PostgreSQL running on Ctrl-C. */
function lastingState(): App.DevServer {
	if (globalThis.controlRoomDev) return globalThis.controlRoomDev;
	let ended: Promise<void> | undefined;
	const lasting: App.DevServer = {
		owner: null,
		platform: () => Promise.reject(new Error('the dev server has not started yet')),
		stopPipeline: () => Promise.resolve(),
		embedded: null,
		end: () => (ended ??= end())
	};
	globalThis.controlRoomDev = lasting;
	async function end(): Promise<void> {
		await lasting.stopPipeline();
		// One that did not start needs no stop, and has said so.
		const embedded = await lasting.embedded?.catch(() => null);
		await embedded?.stop();
	}
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => void lasting.end().finally(() => process.exit(0)));
	}
	return lasting;
}
