import type { Pipeline } from './pipeline';
// Stands in until the pipeline can be started.
export function startPipeline(options: { databaseUrl: string; build: string }): Promise<Pipeline> {
	return Promise.resolve({
		routes: [
			{
				path: '/api/analytics/events',
				maxBodyBytes: 1024 * 1024,
				handle: (r) =>
					Promise.resolve({
						status: 200,
						headers: { 'content-type': 'application/json' },
						body: JSON.stringify({ n: r.body.length })
					}),
				bodyTooLarge: () => ({ status: 413, headers: {}, body: '{}' })
			}
		],
		snapshot: () => Promise.reject(new Error(options.build)),
		readiness: () => Promise.resolve({ ready: true, reasons: [] }),
		serveSockets: () => undefined,
		stop: () => Promise.resolve()
	});
}
