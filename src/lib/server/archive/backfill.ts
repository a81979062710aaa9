/**
 * Runs one backfill: reads objects in the order of their names and commits their events through a committer of its own,
 * with the same statement as all events. What is known already is known again, so that a run can be cut anywhere and begun
 * anew from the latest note of how far it was.
 *
 * Objects are taken in windows. A window's events are committed on several connections at once, but one window after the
 * other: of an event that lies in two objects, as after a client's retry, always the earlier object's row stands. While a
 * window is committed the next one is read.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import { Committer } from '../commit/committer';
import { batchOf, type LogRow, type RejectedRow } from '../commit/rows';
import type { Sql } from '../db/connect';
import { finishJob, noteDone, noteFault, noteTotal, type Job, type ObjectFault } from './backfill-jobs';
import {
	EVENTS_PREFIX,
	listObjects,
	nameAt,
	readObjects,
	wait,
	type Patience,
	type ReadObject
} from './backfill-reading';
import { dryRunOf } from './backfill-dry-run';
import type { ListRange, ObjectStore } from './store';

export interface BackfillContext {
	url: string;
	/** For notes of how far it is; a few connections. */
	sql: Sql;
	store: ObjectStore;
	log: { warn(message: string): void; error(message: string): void };
	/** Called with each note. */
	onProgress?: (job: Job) => void;
}

/** Events of a group; see src/simulate/history.ts for what other sizes cost. */
const BATCH_EVENTS = 1_000;
const LANES = 2;
/** A window: enough for the lanes to be busy most of the time, little enough to be done within a second or two. */
const WINDOW_EVENTS = 8_000;
const WINDOW_SIZE = 16 * 1024 * 1024;
const WINDOW_OBJECTS = 4_000;
/** Longer than a restart of the database takes. */
const PATIENCE_MS = 60_000;
/** Longer than a group ever takes; the end of the process may have to wait for it. */
const STALL_MS = 20_000;

/** What of the archive the job is about. */
export function rangeOf({ from, to, prefix }: Pick<Job, 'from' | 'to' | 'prefix'>): ListRange {
	return { prefix: prefix === '' ? EVENTS_PREFIX : prefix, from: nameAt(from), to: nameAt(to) };
}

/**
 * Runs a job that was taken up until it is done, until somebody steers it elsewhere, or until the signal fires.
 * @returns 'done', or 'stopped' when there is more to do
 */
export async function runBackfill(
	context: BackfillContext,
	job: Job,
	signal: AbortSignal
): Promise<'done' | 'stopped'> {
	const { sql, store } = context;
	const steered = new AbortController();
	const patience: Patience = {
		signal: AbortSignal.any([signal, steered.signal]),
		onFault: (fault) => {
			noteFault(sql, job, fault).catch(() => undefined);
		}
	};
	const range = rangeOf(job);
	const writer = job.dryRun ? dryRunOf(context.url) : committing(context, patience.signal);
	const counting = countAll(sql, store, range, job, patience);
	let window = emptyWindow();
	let flushing: Promise<void> = Promise.resolve();
	const flush = async (done: Window): Promise<void> => {
		const { newEvents, refused } = await written(writer, done, patience);
		const counts = {
			objects: done.objects,
			events: done.seen + done.rejected.length,
			newEvents,
			knownEvents: done.seen - newEvents - refused,
			rejected: done.rejected.length + refused
		};
		const noted = await persistently(() => noteDone(sql, job, done.through, counts, done.faults), patience);
		if (noted) context.onProgress?.(noted);
		if (noted?.state !== 'running') steered.abort(new Error('the job was steered elsewhere'));
	};
	try {
		for await (const object of readObjects(store, range, job.doneThrough, patience)) {
			patience.signal.throwIfAborted();
			if (isFull(window) || (window.objects > 0 && monthOf(object.name) !== monthOf(window.through))) {
				await flushing;
				flushing = flush(window);
				// It is awaited with the next window; until then its failure is nobody's.
				flushing.catch(() => undefined);
				window = emptyWindow();
			}
			add(window, object);
			// A large object takes a while to read: requests come first.
			await otherWork();
		}
		await flushing;
		if (window.objects > 0) await flush(window);
		patience.signal.throwIfAborted();
		await counting;
		await persistently(() => finishJob(sql, job), patience);
		return 'done';
	} catch (error) {
		await flushing.catch(() => undefined);
		if (patience.signal.aborted) return 'stopped';
		throw error;
	} finally {
		steered.abort(new Error('the run is over'));
		await counting;
		await writer.end();
	}
}

/** What became of rows: how many were new to the log, and how many the database itself would not take. */
export interface Written {
	newEvents: number;
	refused: number;
}

/** What takes rows. */
export interface Writer {
	/** Or why it cannot be done now. */
	write(rows: LogRow[], rejected: RejectedRow[]): Promise<Written | { fault: string }>;
	end(): Promise<void>;
}

/** Once the signal fires, what waits is committed if that can be done at once, and not tried again. */
function committing({ url, log }: BackfillContext, signal: AbortSignal): Writer {
	const committer = new Committer({
		url,
		lanes: LANES,
		queue: { maxEvents: WINDOW_EVENTS * 4, maxSize: Infinity },
		stallMs: STALL_MS,
		log
	});
	let ended: Promise<void> | null = null;
	const end = () => (ended ??= committer.stop());
	signal.addEventListener('abort', () => void end());
	return {
		async write(rows, rejected) {
			const outcome = await committer.commit(batchOf('backfill', rows, rejected), Date.now() + PATIENCE_MS);
			if ('code' in outcome) return { fault: outcome.message };
			return { newEvents: outcome.accepted, refused: outcome.refused.length };
		},
		end
	};
}

interface Window {
	/** Each event once: the row of the earliest object that has it. */
	events: LogRow[];
	keys: Set<string>;
	/** Events with repetitions. */
	seen: number;
	rejected: RejectedRow[];
	faults: ObjectFault[];
	objects: number;
	size: number;
	/** The latest object's name. */
	through: string;
}

function emptyWindow(): Window {
	return { events: [], keys: new Set(), seen: 0, rejected: [], faults: [], objects: 0, size: 0, through: '' };
}

function isFull({ events, size, objects }: Window): boolean {
	return events.length >= WINDOW_EVENTS || size >= WINDOW_SIZE || objects >= WINDOW_OBJECTS;
}

function add(window: Window, { name, content }: ReadObject): void {
	window.objects++;
	window.through = name;
	if ('damage' in content) {
		window.faults.push({ name, reason: content.damage });
		return;
	}
	for (const { row } of content.events) {
		window.seen++;
		if (window.keys.has(row.key)) continue;
		window.keys.add(row.key);
		window.events.push(row);
		window.size += row.json.length;
	}
	for (const row of content.rejected) {
		window.rejected.push(row);
		window.size += row.json.length;
	}
}

/** Writes a window. Batches are of neighbouring keys, so that two lanes seldom wait for each other's shop. */
async function written(writer: Writer, { events, rejected }: Window, patience: Patience): Promise<Written> {
	if (events.length === 0 && rejected.length === 0) return { newEvents: 0, refused: 0 };
	const sorted = [...events].sort((one, other) => (one.key < other.key ? -1 : 1));
	const batches: LogRow[][] = [];
	for (let at = 0; at < sorted.length; at += BATCH_EVENTS) batches.push(sorted.slice(at, at + BATCH_EVENTS));
	if (batches.length === 0) batches.push([]);
	const outcomes = await Promise.all(
		batches.map(async (rows, index) => {
			for (let attempt = 0; ; attempt++) {
				const outcome = await writer.write(rows, index === 0 ? rejected : []);
				if (!('fault' in outcome)) return outcome;
				await wait(attempt, new Error(outcome.fault), patience);
			}
		})
	);
	return {
		newEvents: outcomes.reduce((sum, outcome) => sum + outcome.newEvents, 0),
		refused: outcomes.reduce((sum, outcome) => sum + outcome.refused, 0)
	};
}

/** Until the database answers. */
async function persistently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
	for (let attempt = 0; ; attempt++) {
		try {
			return await work();
		} catch (error) {
			await wait(attempt, error, patience);
		}
	}
}

/** Counts what there is to read, beside the reading: a listing is quick. */
async function countAll(sql: Sql, store: ObjectStore, range: ListRange, job: Job, patience: Patience): Promise<void> {
	try {
		let objects = 0;
		for await (const { name } of listObjects(store, range, job.doneThrough, patience)) if (name !== '') objects++;
		await noteTotal(sql, job, objects);
	} catch {
		// The reading meets the same and says so; without the number there is only no share of the whole.
	}
}

/** An object's month of UTC, by the folders of its name. */
function monthOf(name: string): string {
	return name.slice(0, EVENTS_PREFIX.length + 'yyyy/mm'.length);
}
