/**
 * The handler that one would write first: for each event of a request one transaction that writes the log and all folds,
 * over a pool of ten connections. It runs the product's own statement with one event at a time, so that both write the
 * same rows and only the grouping differs.
 */
import { createServer } from 'node:http';
import { parseBatch } from '../../src/lib/server/ingest/parse';
import { connect } from '../../src/lib/server/db/connect';
import { expectedOf } from '../../src/lib/server/projections/expected';
import { reachOf } from '../../src/lib/server/commit/months';
import { commitStatement } from '../../src/lib/server/commit/statement';

const POOL = 10;

export async function runPlainServer(databaseUrl: string): Promise<void> {
	const sql = connect({
		url: databaseUrl,
		application: 'bench plain',
		max: POOL,
		settings: { enable_nestloop: 'off', enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan', jit: 'off' }
	});
	let underWay = 0;
	const server = createServer((request, response) => {
		// For the next measurement to begin in peace: how many requests are still being worked on.
		if (request.method === 'GET') {
			response.end(String(underWay));
			return;
		}
		underWay++;
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const text = Buffer.concat(chunks).toString();
			const parsed = parseBatch(JSON.parse(text), text, { userAgent: null, ip: null }, Date.now());
			if ('code' in parsed) throw new Error(parsed.message);
			const commits = parsed.batch.events.map((row) => {
				const { way, stretches } = reachOf([row], 'ingest', Date.now());
				const statement = commitStatement(expectedOf([row.type]), false, way);
				return sql.unsafe(statement, [`[${row.json}]`, '[]', 'ingest', 1, ...stretches], { prepare: true });
			});
			Promise.all(commits)
				.finally(() => underWay--)
				.then(
					() => response.end('{"success":true}'),
					(error: unknown) => {
						process.stderr.write(`${String(error)}\n`);
						response.writeHead(503).end();
					}
				);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	process.stdout.write(`listening http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`);
	process.once('SIGTERM', () => {
		server.closeAllConnections();
		void sql.end({ timeout: 1 }).then(() => process.exit(0));
	});
}
