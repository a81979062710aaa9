/**
 * Group commit. Requests that arrive while the lanes are busy wait in a bounded queue and form the next group; each
 * group is one statement. A request is answered only after its rows are committed, and never later than its deadline:
 * until then faults of the database are tried again, after it the answer is that it could not be done.
 *
 * An attempt whose answer was lost may have committed. Trying again is safe, because the log knows the events again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Durations, type DurationStats } from './durations';
import { describe, isDataFault } from './faults';
import { Lane, type Group } from './lane';
import { Queue, type CommitOutcome, type QueueLimits, type Waiting } from './queue';
import { eventKey, rejectedRow, type Batch, type LogRow } from './rows';
import type { CommitResult } from './statement';

export type { CommitOutcome } from './queue';

export interface CommitterOptions {
	url: string;
	/** Statements under way at once. Two keep both a core of the database and one of this process busy. */
	lanes: number;
	queue: QueueLimits;
	/** Longest time that a statement may take. */
	stallMs: number;
	log: { warn(message: string): void; error(message: string): void };
}

/** Bounds of a group: beyond them the statement's cost grows faster than what it saves. */
const MAX_GROUP_EVENTS = 500;
const MAX_GROUP_SIZE = 2 * 1024 * 1024;
/** Events that must wait before another lane than the first begins. */
const FURTHER_LANE_EVENTS = 64;
const RETRY_AFTER_S = 2;
/** How late a deadline may be noticed, and how long a few events may wait for a lane that is slow or hangs. */
const TICK_MS = 100;
const MEASURED_COMMITS = 1000;

export interface CommitterStats {
	/** Commits and new events since the start. */
	commits: number;
	events: number;
	/** The fault that the latest attempt met; null after a success. */
	fault: string | null;
}

/** How busy it is now, and how long commits take. */
export interface CommitterLoad extends CommitterStats {
	/** Events that wait for a commit, and how many may. */
	waiting: number;
	room: number;
	/** Connections that commit, and how many of them are at it. */
	lanes: number;
	busy: number;
	/** Of the latest commits, each from its statement to its answer. */
	took: DurationStats | null;
}

/** What the reason of a rejected event begins with that the database would not take. */
export const NOT_STORED = 'could not be stored';

export class Committer {
	readonly #queue: Queue;
	readonly #idle: Lane[];
	readonly #lanes: Lane[];
	readonly #expiry: NodeJS.Timeout;
	/** What the lanes are working on: answered at its deadline even if the database hangs for longer. */
	readonly #underWay = new Set<Waiting>();
	readonly #runs = new Set<Promise<void>>();
	readonly #durations = new Durations(MEASURED_COMMITS);
	#busy = 0;
	#gathering = false;
	#stopping = false;
	#drained: (() => void) | null = null;
	#stats: CommitterStats = { commits: 0, events: 0, fault: null };

	constructor(private readonly options: CommitterOptions) {
		this.#queue = new Queue(options.queue);
		this.#lanes = Array.from({ length: options.lanes }, (_, index) => {
			return new Lane({ url: options.url, application: `control-room commit ${index + 1}`, stallMs: options.stallMs });
		});
		this.#idle = [...this.#lanes];
		this.#expiry = setInterval(() => this.#tick(), TICK_MS);
		this.#expiry.unref();
	}

	/** Commits a batch, or says before the deadline (milliseconds since 1970) that it could not. Never rejects. */
	commit(batch: Batch, deadline: number): Promise<CommitOutcome> {
		if (batch.events.length === 0 && batch.rejected.length === 0) {
			return Promise.resolve({ accepted: 0, duplicates: 0, refused: [] });
		}
		if (this.#stopping) return Promise.resolve(unavailable('shutting_down', 'The server is shutting down.'));
		return new Promise((settle) => {
			if (this.#queue.push({ batch, deadline, settle })) this.#gather();
			else settle(unavailable('queue_full', 'Too many events are waiting to be committed.'));
		});
	}

	stats(): CommitterStats {
		return this.#stats;
	}

	load(): CommitterLoad {
		return {
			...this.#stats,
			waiting: this.#queue.events,
			room: this.options.queue.maxEvents,
			lanes: this.#lanes.length,
			busy: this.#busy,
			took: this.#durations.stats()
		};
	}

	/** When the commits that are under way now are answered and counted. */
	async answered(): Promise<void> {
		await Promise.all(this.#runs);
	}

	/** Commits what was accepted, then closes the connections. */
	async stop(): Promise<void> {
		this.#stopping = true;
		if (this.#busy > 0 || !this.#queue.isEmpty) await new Promise<void>((resolve) => (this.#drained = resolve));
		clearInterval(this.#expiry);
		await Promise.all(this.#lanes.map((lane) => lane.end()));
	}

	/** Begins a commit when all requests that this turn of the event loop brings are in the queue, not with the first. */
	#gather(): void {
		if (this.#gathering) return;
		this.#gathering = true;
		setImmediate(() => {
			this.#gathering = false;
			this.#next();
		});
	}

	/** A further lane is worth its own statement only for more than a few events: else they share the next one. */
	#next(furtherLaneEvents = FURTHER_LANE_EVENTS): void {
		while (!this.#queue.isEmpty && (this.#busy === 0 || this.#queue.events >= furtherLaneEvents)) {
			const lane = this.#idle.pop();
			if (!lane) return;
			const run = this.#run(lane, this.#queue.take(MAX_GROUP_EVENTS, MAX_GROUP_SIZE));
			this.#runs.add(run);
			void run.finally(() => this.#runs.delete(run));
		}
		if (this.#busy === 0 && this.#queue.isEmpty) this.#drained?.();
	}

	async #run(lane: Lane, requests: Waiting[]): Promise<void> {
		this.#busy++;
		for (const request of requests) this.#underWay.add(request);
		try {
			await this.#commitGroup(lane, requests);
		} catch (error) {
			// Not reached by faults of the database; were it ever, the requests must not hang.
			this.options.log.error(`a commit failed: ${describe(error)}`);
			for (const request of requests) request.settle(unavailable('database_unavailable', 'The commit failed.'));
		}
		for (const request of requests) this.#underWay.delete(request);
		this.#busy--;
		this.#idle.push(lane);
		this.#gather();
	}

	/** Tries until the group is committed or the last of its requests has run out of time. */
	async #commitGroup(lane: Lane, requests: Waiting[]): Promise<void> {
		let waiting = requests;
		for (let attempt = 0; ; attempt++) {
			try {
				const group = groupOf(waiting);
				const begun = performance.now();
				const result = await lane.commit(group);
				this.#durations.add(performance.now() - begun);
				this.#committed(result.inserted);
				answer(waiting, result);
				return;
			} catch (error) {
				if (isDataFault(error)) {
					await this.#isolate(lane, waiting, error);
					return;
				}
				this.#failed(error);
				if (this.#stopping) waiting = settleAll(waiting);
				else waiting = settleExpired(waiting);
				if (waiting.length === 0) return;
				await sleep(Math.min(25 * 2 ** attempt, 500) * (0.5 + Math.random() / 2));
				waiting = settleExpired(waiting);
				if (waiting.length === 0) return;
			}
		}
	}

	/** Some event of the group cannot be stored: commits the requests one by one, and its events one by one. */
	async #isolate(lane: Lane, requests: Waiting[], error: unknown): Promise<void> {
		const [only, ...others] = requests;
		if (!only) return;
		if (others.length > 0) {
			for (const request of requests) await this.#commitGroup(lane, [request]);
			return;
		}
		const { batch } = only;
		if (batch.events.length === 0) {
			this.#failed(error);
			only.settle(unavailable('database_unavailable', 'The rejected events could not be kept.'));
			return;
		}
		let accepted = 0;
		let duplicates = 0;
		const refused: { index: number; reason: string }[] = [];
		for (const [index, row] of batch.events.entries()) {
			const piece: Batch = {
				...batch,
				events: [row],
				rejected: index === 0 ? batch.rejected : [],
				size: row.json.length
			};
			const outcome =
				batch.events.length === 1
					? await this.#refuse(lane, piece, row, error, only.deadline)
					: await this.#commitAlone(lane, piece, only.deadline);
			if ('code' in outcome) {
				only.settle(outcome);
				return;
			}
			accepted += outcome.accepted;
			duplicates += outcome.duplicates;
			for (const { reason } of outcome.refused) refused.push({ index, reason });
		}
		only.settle({ accepted, duplicates, refused });
	}

	#commitAlone(lane: Lane, batch: Batch, deadline: number): Promise<CommitOutcome> {
		return new Promise((settle, reject) => {
			this.#commitGroup(lane, [{ batch, deadline, settle }]).catch(reject);
		});
	}

	/** Keeps an event that the database would not take as rejected. */
	#refuse(lane: Lane, batch: Batch, row: LogRow, error: unknown, deadline: number): Promise<CommitOutcome> {
		const reason = `${NOT_STORED}: ${describe(error)}`;
		this.options.log.error(`an event ${reason}`);
		const raw = Buffer.from(row.json);
		const kept = rejectedRow({ raw, reason, serverTime: Date.now(), userAgent: null, ip: null });
		const instead: Batch = { ...batch, events: [], rejected: [...batch.rejected, kept] };
		return this.#commitAlone(lane, instead, deadline).then((outcome) => {
			return 'code' in outcome ? outcome : { ...outcome, refused: [{ index: 0, reason }] };
		});
	}

	#tick(): void {
		const now = Date.now();
		for (const request of this.#queue.takeExpired(now)) request.settle(tooLate());
		for (const request of this.#underWay) if (request.deadline <= now) request.settle(tooLate());
		this.#next(0);
	}

	#committed(events: number): void {
		if (this.#stats.fault !== null) this.options.log.warn('commits go through again');
		this.#stats = {
			commits: this.#stats.commits + 1,
			events: this.#stats.events + events,
			fault: null
		};
	}

	#failed(error: unknown): void {
		const fault = describe(error);
		if (this.#stats.fault === null) this.options.log.warn(`commits fail, trying again: ${fault}`);
		this.#stats.fault = fault;
	}
}

/** The rows of all requests, each event once, in key order so that two writers meet the same keys in the same order. */
function groupOf(requests: readonly Waiting[]): Group {
	const byKey = new Map<string, LogRow>();
	for (const { batch } of requests) {
		for (const row of batch.events) if (!byKey.has(row.key)) byKey.set(row.key, row);
	}
	const events = [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
	return {
		source: requests[0]?.batch.source ?? 'ingest',
		events,
		rejected: requests.flatMap(({ batch }) => batch.rejected)
	};
}

/** Tells each request how many of its events were new. The first request with an event is the one that brought it. */
function answer(requests: readonly Waiting[], result: CommitResult): void {
	const fresh = result.inserted_keys && new Set(result.inserted_keys.map(([shop, id]) => eventKey(shop, id)));
	const seen = new Set<string>();
	for (const { batch, settle } of requests) {
		let accepted = 0;
		for (const { key } of batch.events) {
			if (!seen.has(key) && (fresh === null || fresh.has(key))) accepted++;
			seen.add(key);
		}
		settle({ accepted, duplicates: batch.events.length - accepted, refused: [] });
	}
}

function settleExpired(requests: Waiting[]): Waiting[] {
	const now = Date.now();
	for (const request of requests) if (request.deadline <= now) request.settle(tooLate());
	return requests.filter((request) => request.deadline > now);
}

function settleAll(requests: Waiting[]): Waiting[] {
	for (const request of requests) request.settle(tooLate());
	return [];
}

function tooLate(): CommitOutcome {
	return unavailable('database_unavailable', 'The events could not be committed in time. Send them again.');
}

function unavailable(code: 'queue_full' | 'database_unavailable' | 'shutting_down', message: string): CommitOutcome {
	return { code, message, retryAfterSeconds: RETRY_AFTER_S };
}
