/**
 * How the embedded server is tuned: for a small machine that also runs the app, for commits that survive a power cut,
 * and for nobody but this machine. Given on the command line, so that a new build brings its own tuning along.
 */
import os from 'node:os';

/** What a small machine has, and a server that is thrown away: who drops or empties a table looks at every buffer. */
const LEAST_BUFFERS_MB = 256;

/**
 * @param durable false gives up the promise that a commit survives a crash of the machine: for tests alone.
 * @param memory of this machine or container, in bytes
 */
export function serverSettings(durable: boolean, memory = memoryHere()): Record<string, string> {
	return {
		// Loopback only, and no socket file: its directory would have to be reachable by two users.
		listen_addresses: '127.0.0.1',
		unix_socket_directories: '',
		// Two app processes, their listeners, the command line and a few psql, with room to spare; tests run more of them.
		max_connections: durable ? '100' : '500',

		// An acknowledged event is on the disk: the product's promise. The other two hold for tests as well, which kill
		// the server; only the machine lives on there.
		fsync: durable ? 'on' : 'off',
		synchronous_commit: 'on',
		full_page_writes: 'on',
		// Filling new segments with zeros keeps them in place on the disk; a test's server writes each only once.
		wal_init_zero: durable ? 'on' : 'off',

		// Indexes of two months and of the folds should stay in it: a commit of 100 events touches some hundred random
		// pages of them. Pages are taken when they are used, and the rest of the memory is a cache as well. Where databases
		// come and go, as in tests, each drop and truncate looks through all of it: the least is enough there.
		shared_buffers: `${durable ? buffersFor(memory) : LEAST_BUFFERS_MB}MB`,
		// A checkpoint makes the next change of every page write it whole; at full load 1 GB comes every few minutes.
		max_wal_size: '2GB',
		// Recycled segments are cheaper than new ones when a burst comes.
		min_wal_size: '256MB',
		// A group of 1,000 events is about 1 MB of log: several fit.
		wal_buffers: '16MB',
		// Sorting a day of events for a panel should not spill to disk.
		work_mem: '16MB',
		// Solid-state disks, on which a random page costs hardly more than the next one.
		random_page_cost: '1.1',
		// The statements are short: compiling one takes longer than running it.
		jit: 'off',
		// The rows of running sessions are updated many times: vacuum early, so that updates find room on their page.
		autovacuum_naptime: '20s',
		autovacuum_vacuum_scale_factor: '0.05',

		// Times in answers and in the log are the same wherever the server stands.
		timezone: 'UTC',
		log_timezone: 'UTC',
		log_line_prefix: '%m [%p] ',
		// One line every five minutes that nobody reads, in a file that is kept small.
		log_checkpoints: 'off'
	};
}

/** An eighth of the memory, in megabytes: 256 to 4,096. */
function buffersFor(memory: number): number {
	return Math.round(Math.min(4_096, Math.max(LEAST_BUFFERS_MB, memory / 2 ** 20 / 8)));
}

/** What this process may use, in bytes: a container's limit where there is one. */
function memoryHere(): number {
	const limit = process.constrainedMemory();
	return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}
