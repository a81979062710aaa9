/**
 * Every stage of an event's way, in order, made once. main.ts makes it in production, the Vite plugin in dev; SvelteKit
 * reaches it through `platform`, because its bundle has its own copy of every module. One file, so that it can be read
 * in that order.
 *
 *   request ─▶ ingest ─▶ commit ─▶ Postgres ─▶ listen ─▶ push ─▶ screens
 *                          ▲          └─▶ read ─▶ pages, and what push sends
 *                        sweeper         └─▶ shipper ─▶ archive
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Server, Socket } from 'socket.io';
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
import { startAccess, type Access } from './access/index';
import { startKeyring } from './access/keyring';
import type { KeyMode } from './access/keys';
import type { Reach } from './access/asking';
import { guardSockets, handshakeGate, visitorOf, type Handshake } from './access/sockets';
import { startBackfillRunner } from './archive/backfill-runner';
import { backfillDesk, type BackfillDesk } from './archive/backfill-desk';
import { startDailyReconciliation } from './archive/reconcile-daily';
import { startShipper, type ShipperState } from './archive/shipper';
import { openStore } from './archive/store';
import { Committer, type CommitterLoad } from './commit/committer';
import { IncompleteLog, rebuildIfDue } from './commit/rebuild';
import { recorder, type RecordEvent } from './commit/own-events';
import { startSweeper } from './commit/sweeper';
import type { ArchiveConfig } from './config';
import { connect, connectionFault, requirePostgres15 } from './db/connect';
import { migrate } from './db/migrate';
import { startMonths, type MonthsState } from './months/index';
import { within } from './db/within';
import { forgettingDesk, type ForgettingDesk } from './forget/desk';
import { startForgetting } from './forget/index';
import type { ApiRoute } from './http/exchange';
import { MAX_BODY_BYTES } from './ingest/body';
import { eventEndpoint } from './ingest/endpoint';
import { replay, type Replayed } from './ingest/replay';
import { startListener, type Hearing } from './listen/index';
import { createHub, serveDisplays, type HubStats } from './push/index';
import { createReader } from './read/index';
import { createPages, type Pages } from './read/pages';
import type { View } from './read/wall/view';

export interface PipelineOptions {
	databaseUrl: string;
	/** Names the build, so that screens of another one reload themselves. */
	build: string;
	sessionTimeoutMs: number;
	maxQueuedEvents: number;
	maxQueuedBytes: number;
	requestDeadlineMs: number;
	/** That one write key may vouch for; 0: no limit. */
	keyRequestsPerSecond: number;
	archive: ArchiveConfig;
	/** Months before the current one that the log keeps; 0 keeps all. */
	retentionMonths: number;
	/** How others reach the server. */
	reach: Reach;
	/** Of the user "admin": a password or its hash. */
	adminPassword: string | undefined;
	/** Whether a link makes the first user. */
	setupLink: boolean;
	/** Signs Shopify's webhooks; null: none is taken. */
	shopifyApiSecret: string | null;
	log: Logger;
}

/** Whether the process can do its work, and why not. */
export interface Readiness {
	ready: boolean;
	/** One plain sentence a fault, for everybody; empty when ready. What the driver says of it stands in the log. */
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
	archive: ShipperState;
	months: MonthsState;
}

export interface Pipeline {
	/** Answered before SvelteKit sees a request. */
	routes: ApiRoute[];
	/**
	 * The state of a topic now, numbered so that a client can go on from it.
	 * @param view of the Control Room and of changes, what of them: of a visitor. Whether they may see a session is decided before
	 */
	snapshot(topic: 'control-room', view?: View): Promise<Snapshot<WallState>>;
	snapshot(topic: 'changes', view?: View): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic, view?: View): Promise<Snapshot<TopicState>>;
	/** What the drill-down pages read. */
	pages: Pages;
	/** Commits an event of the server's own: what somebody said in it. */
	record: RecordEvent;
	/** How the stages of this process are, just now: what is being committed is counted, unless that takes long. */
	system(): Promise<ProcessState>;
	/** Reads a rejected event once more; null when there is none with this id. */
	replay(rejectedId: string): Promise<Replayed | null>;
	/** Reading the archive back: what was asked for, and how far it is. */
	backfills: BackfillDesk;
	/** Forgetting sessions, shops and persons: what was asked for, and what became of it. */
	forgetting: ForgettingDesk;
	/** Can it commit, and does it hear notifications? */
	readiness(): Promise<Readiness>;
	/** Who is who, and what they may. */
	access: Access;
	/** What becomes of events without a write key; null while nobody has ever made one. */
	keyMode(): KeyMode | null;
	/** Why a socket's handshake is refused; null when it may go on. */
	handshakeRefusal(handshake: Handshake): string | null;
	/** Serves topics on this Socket.IO server until stop(), to those who may. @param read what a socket's handshake brought with it */
	serveSockets(io: Server<ClientToServer, ServerToClient>, read: (socket: Socket) => Handshake): void;
	/** Answers what was accepted, then ends everything but the database server itself. */
	stop(): Promise<void>;
}

/** Statements of the committer at once: two keep a core of the database busy while this process prepares the next. */
const COMMIT_LANES = 2;
const READERS = 4;
/** An erasure, its turn, the note that it is worked at, and an answer to who asked what is kept of them. */
const FORGETTERS = 4;
/** Heartbeats, readiness and the sweeper must not wait for pages. */
const WATCHERS = 2;
/** As long as a page waits for its answer. */
const PAGE_LIMIT_MS = 10_000;
/**
 * Compiling a page's statement, or starting processes to share its work, takes longer than running it, and a page has
 * several statements that run beside each other anyway. Also where an operator's own server would do either.
 */
const PAGE_SETTINGS = { statement_timeout: PAGE_LIMIT_MS, jit: 'off', max_parallel_workers_per_gather: 0 };
const READY_WITHIN_MS = 2_000;
const COUNTED_WITHIN_MS = 250;

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
		const folded = await rebuildIfDue(sql).catch((error: unknown) => {
			// What comes in is worth more than tables that lack their past: they are made anew once the months are back.
			if (!(error instanceof IncompleteLog)) throw error;
			log.warn(error.message);
			return null;
		});
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
		settings: PAGE_SETTINGS
	});
	// What adds up tallies is planned once a connection: for each range anew, that took up to half of a page's time.
	const sumSql = connect({
		url,
		application: 'control-room sums',
		max: READERS,
		// Each range that is cut otherwise is another statement, and a generic plan is kept for as long as its connection.
		maxLifetimeS: 3_600,
		settings: { ...PAGE_SETTINGS, plan_cache_mode: 'force_generic_plan' }
	});
	const watch = connect({ url, application: 'control-room watch', max: WATCHERS });
	const committer = new Committer({
		url,
		lanes: COMMIT_LANES,
		queue: { maxEvents: options.maxQueuedEvents, maxSize: options.maxQueuedBytes },
		stallMs: options.requestDeadlineMs,
		log
	});
	const access = await startAccess({ ...options, url, sql: watch }).catch(async (error: unknown) => {
		await Promise.all([committer.stop(), ...[sql, pageSql, sumSql, watch].map((pool) => pool.end({ timeout: 0 }))]);
		throw error;
	});
	const keyring = await startKeyring({
		sql: watch,
		onChange: (listener) => access.onChange(listener),
		requestsPerSecond: options.keyRequestsPerSecond,
		log
	});
	const months = await startMonths({ url, sql: watch, keepMonths: options.retentionMonths, log });
	const commit = committer.commit.bind(committer);
	const endpoint = eventEndpoint(commit, options.requestDeadlineMs, keyring, log);
	const sweeper = startSweeper({ sql: watch, commit, timeoutMs: options.sessionTimeoutMs, log });
	const archive = await openStore(options.archive.location);
	const shipper = startShipper({ url, store: archive, grouping: options.archive, log });
	const hub = createHub({ reader: createReader(sql, Date.now, options.sessionTimeoutMs), build: options.build, log });
	const listener = startListener({
		url,
		application: 'control-room listen',
		sql: watch,
		onNotice: (notice) => hub.notice(notice),
		onResync: () => hub.resync(),
		onState: (state) => hub.hear(state),
		log
	});

	const backfills = startBackfillRunner({ url, sql: watch, store: archive, log });
	const reconciling = startDailyReconciliation({ url, store: archive, log });
	const forgetSql = connect({ url, application: 'control-room forget', max: FORGETTERS });
	const forgetting = startForgetting({ sql: forgetSql, store: archive, log });
	const pages = createPages(pageSql, sumSql);
	/** What was wrong with the database when somebody last asked whether the process is ready. */
	let unanswered = '';

	return {
		routes: [{ path: '/api/analytics/events', maxBodyBytes: MAX_BODY_BYTES, ...endpoint }],
		snapshot: hub.snapshot.bind(hub),
		pages,
		backfills: backfillDesk(pageSql, () => backfills.look()),
		forgetting: forgettingDesk({
			sql: watch,
			patientSql: forgetSql,
			store: archive,
			shopifySecret: options.shopifyApiSecret,
			look: () => forgetting.look()
		}),
		record: recorder(commit),
		async system() {
			// The database tells of a commit before this process has its answer: who asks because of it must find it counted.
			await Promise.race([committer.answered(), sleep(COUNTED_WITHIN_MS)]);
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
				push: hub.stats(),
				archive: shipper.state(),
				months: months.state()
			};
		},
		async replay(rejectedId) {
			const kept = await pages.rejected.kept(rejectedId);
			if (kept === null) return null;
			const replayed = await replay(kept, commit, keyring.mode() === 'require');
			if (replayed.isStored)
				await watch`
				update rejected_events set replayed_at = now() where id = ${rejectedId} and replayed_at is null`;
			return replayed;
		},
		async readiness() {
			const reasons: string[] = [];
			// The driver's words name hosts, roles and tables, and strangers read this: they are in the log, once for each fault.
			if (!listener.state().hearing) reasons.push('it does not hear what is committed');
			if (committer.stats().fault !== null) reasons.push('it can not commit');
			// A standby answers reads but takes no writes.
			const writable = await within(
				READY_WITHIN_MS,
				watch<{ readOnly: boolean }[]>`
				select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as "readOnly"`
			).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
			if (typeof writable === 'string') {
				reasons.push('the database does not answer');
				if (writable !== unanswered) log.warn(`the database does not answer: ${writable}`);
			} else if (writable[0]?.readOnly) reasons.push('the database is read-only');
			unanswered = typeof writable === 'string' ? writable : '';
			return { ready: reasons.length === 0, reasons };
		},
		access,
		keyMode: () => keyring.mode(),
		handshakeRefusal: handshakeGate(access),
		serveSockets(io, read) {
			guardSockets(io, access, read, log);
			hub.serve(io, visitorOf);
			serveDisplays(io, access, visitorOf, log);
		},
		async stop() {
			await sweeper.stop();
			await Promise.all([committer.stop(), shipper.stop(), months.stop()]);
			keyring.stop();
			access.stop();
			listener.stop();
			hub.stop();
			await Promise.all([backfills.stop(), reconciling.stop(), forgetting.stop()]);
			await archive.close();
			await Promise.all([sql, pageSql, sumSql, watch, forgetSql].map((pool) => pool.end({ timeout: 1 })));
		}
	};
}
