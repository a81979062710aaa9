import type { Logger } from 'pino';
import type { Config } from './config';
import type { Pipeline } from './pipeline';
// Stands in until the pipeline can be started.
export function startPipeline(
	options: Omit<Config, 'databaseUrl'> & { databaseUrl: string; build: string; log: Logger }
): Promise<Pipeline> {
	return Promise.resolve({
		routes: [
			{
				path: '/api/analytics/events',
				maxBodyBytes: 1024 * 1024,
				handle: (request) =>
					Promise.resolve({
						status: 200,
						headers: { 'content-type': 'application/json' },
						body: JSON.stringify({ bytes: request.body.length })
					}),
				bodyTooLarge: () => ({ status: 413, headers: {}, body: '{}' })
			}
		],
		snapshot: (): Promise<never> => Promise.reject(new Error(options.build)),
		readiness: () => Promise.resolve({ ready: true, reasons: [] }),
		serveSockets: () => undefined,
		stop: () => Promise.resolve()
	});
}
