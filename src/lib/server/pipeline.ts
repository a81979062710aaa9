/**
 * Every stage of an event's way, in order, made once. main.ts makes it in production, the Vite plugin in dev; SvelteKit
 * reaches it through `platform`, because its bundle has its own copy of every module.
 *
 *   request ─▶ ingest ─▶ commit ─▶ Postgres ─▶ listen ─▶ push ─▶ screens
 *                          ▲          └─▶ read ─▶ pages, and what push sends
 *                        sweeper
 */
import type { Logger } from 'pino';
import type { Server } from 'socket.io';
import type {
	ChangesState,
	ClientToServer,
	Millis,
	ServerToClient,
	Snapshot,
	Topic,
	TopicState,
	WallState
} from '../live/messages';
import { Committer, type CommitterLoad } from './commit/committer';
import { rebuildIfDue } from './commit/rebuild';
import { recorder, type RecordEvent } from './commit/own-events';
import { startSweeper } from './commit/sweeper';
import { connect, connectionFault, requirePostgres15 } from './db/connect';
import { migrate } from './db/migrate';
import { within } from './db/within';
import type { ApiRoute } from './http/exchange';
import { MAX_BODY_BYTES } from './ingest/body';
import { eventEndpoint } from './ingest/endpoint';
import { replay, type Replayed } from './ingest/replay';
import { startListener, type Hearing } from './listen/index';
import { createHub, type HubStats } from './push/index';
import { createReader } from './read/index';
import { createPages, type Pages } from './read/pages';

export interface PipelineOptions {
	databaseUrl: string;
	/** Names the build, so that screens of another one reload themselves. */
	build: string;
	sessionTimeoutMs: number;
	maxQueuedEvents: number;
	maxQueuedBytes: number;
	requestDeadlineMs: number;
	log: Logger;
}

/** Whether the process can do its work, and why not. */
export interface Readiness {
	ready: boolean;
	/** One line a fault; empty when ready. */
	reasons: string[];
}

/** How the stages of this process are, just now. */
export interface ProcessState {
	at: Millis;
	build: string;
	node: string;
	startedAt: Millis;
	/** Bytes of memory: of the process, and of its JavaScript objects. */
	memory: { process: number; heap: number };
	commit: CommitterLoad;
	hearing: Hearing;
	/** From sending a notification to hearing it; null before the first. */
	notificationMs: number | null;
	push: HubStats;
}

export interface Pipeline {
	/** Answered before SvelteKit sees a request. */
	routes: ApiRoute[];
	/** The state of a topic now, numbered so that a client can go on from it. */
	snapshot(topic: 'control-room'): Promise<Snapshot<WallState>>;
	snapshot(topic: 'changes'): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic): Promise<Snapshot<TopicState>>;
	/** What the drill-down pages read. */
	pages: Pages;
	/** Commits an event of the server's own: what somebody said in it. */
	record: RecordEvent;
	/** How the stages of this process are, just now. */
	system(): ProcessState;
	/** Reads a rejected event once more; null when there is none with this id. */
	replay(rejectedId: string): Promise<Replayed | null>;
	/** Can it commit, and does it hear notifications? */
	readiness(): Promise<Readiness>;
	/** Serves topics on this Socket.IO server until stop(). */
	serveSockets(io: Server<ClientToServer, ServerToClient>): void;
	/** Answers what was accepted, then ends everything but the database server itself. */
	stop(): Promise<void>;
}

/** Statements of the committer at once: two keep a core of the database busy while this process prepares the next. */
const COMMIT_LANES = 2;
const READERS = 4;
/** Heartbeats, readiness and the sweeper must not wait for pages. */
const WATCHERS = 2;
/** As long as a page waits for its answer. */
const PAGE_LIMIT_MS = 10_000;
const READY_WITHIN_MS = 2_000;

/**
 * Connects, migrates and starts every stage.
 * @throws StartupError when the database cannot be used.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
	const { databaseUrl: url, log } = options;
	const sql = connect({ url, application: 'control-room read', max: READERS });
	try {
		await requirePostgres15(sql);
		await migrate(sql);
		const folded = await rebuildIfDue(sql);
		if (folded !== null) log.info({ commits: folded }, 'all tables were made anew from the log for this version');
	} catch (error) {
		await sql.end({ timeout: 0 });
		throw connectionFault(error, sql);
	}

	// Apart from what the walls are pushed: a page that asks much must not make them wait, nor go on when nobody waits any more.
	const pageSql = connect({
		url,
		application: 'control-room pages',
		max: READERS,
		settings: { statement_timeout: PAGE_LIMIT_MS }
	});
	const watch = connect({ url, application: 'control-room watch', max: WATCHERS });
	const committer = new Committer({
		url,
		lanes: COMMIT_LANES,
		queue: { maxEvents: options.maxQueuedEvents, maxSize: options.maxQueuedBytes },
		stallMs: options.requestDeadlineMs,
		log
	});
	const commit = committer.commit.bind(committer);
	const endpoint = eventEndpoint(commit, options.requestDeadlineMs, log);
	const sweeper = startSweeper({ sql: watch, commit, timeoutMs: options.sessionTimeoutMs, log });
	const hub = createHub({ reader: createReader(sql), build: options.build, log });
	const listener = startListener({
		url,
		application: 'control-room listen',
		sql: watch,
		onNotice: (notice) => hub.notice(notice),
		onResync: () => hub.resync(),
		onState: (state) => hub.hear(state),
		log
	});

	const pages = createPages(pageSql);

	return {
		routes: [{ path: '/api/analytics/events', maxBodyBytes: MAX_BODY_BYTES, ...endpoint }],
		snapshot: hub.snapshot.bind(hub),
		pages,
		record: recorder(commit),
		system() {
			const at = Date.now();
			const { rss, heapUsed } = process.memoryUsage();
			return {
				at,
				build: options.build,
				node: process.version,
				startedAt: at - Math.round(process.uptime() * 1000),
				memory: { process: rss, heap: heapUsed },
				commit: committer.load(),
				hearing: listener.state(),
				notificationMs: listener.lagMs(),
				push: hub.stats()
			};
		},
		async replay(rejectedId) {
			const kept = await pages.rejected.kept(rejectedId);
			if (kept === null) return null;
			const replayed = await replay(kept, commit);
			if (replayed.isStored)
				await watch`
				update rejected_events set replayed_at = now() where id = ${rejectedId} and replayed_at is null`;
			return replayed;
		},
		async readiness() {
			const reasons: string[] = [];
			const hearing = listener.state();
			if (!hearing.hearing) reasons.push(`does not hear notifications: ${hearing.reason}`);
			const { fault } = committer.stats();
			if (fault !== null) reasons.push(`can not commit: ${fault}`);
			// A standby answers reads but takes no writes.
			const writable = await within(
				READY_WITHIN_MS,
				watch<{ readOnly: boolean }[]>`
				select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as "readOnly"`
			).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
			if (typeof writable === 'string') reasons.push(`the database does not answer: ${writable}`);
			else if (writable[0]?.readOnly) reasons.push('the database is read-only');
			return { ready: reasons.length === 0, reasons };
		},
		serveSockets: (io) => hub.serve(io),
		async stop() {
			await sweeper.stop();
			await committer.stop();
			listener.stop();
			hub.stop();
			await Promise.all([sql, pageSql, watch].map((pool) => pool.end({ timeout: 1 })));
		}
	};
}
