/** The HTTP servers that this machine can run: uWebSockets.js has no binary for every Node and C library. */
import { loadUws } from '../../src/lib/server/http/uws';

export const SERVERS = (['uws', 'node'] as const).filter((kind) => kind === 'node' || uwsLoads());

function uwsLoads(): boolean {
	try {
		loadUws();
		return true;
	} catch {
		return false;
	}
}
