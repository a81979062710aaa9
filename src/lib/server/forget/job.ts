/**
 * Runs an erasure, step by step, in an order in which nothing can come back whoever is killed when:
 *
 *   find     which sessions are a person's, in the log and in the archive
 *   entomb   from here on nothing of it is stored again
 *   look     which objects of the archive hold something of it
 *   log      out of the log and the folds
 *   objects  out of those objects, and of those that were on their way
 *   rest     out of everything else; then the certificate, and the plain words go
 *
 * Each step can be done again. Any node goes on with an erasure that nobody works at.
 */
import { hash } from 'node:crypto';
import { describe } from '../commit/faults';
import type { ObjectStore } from '../archive/store';
import type { Patience } from '../archive/backfill-reading';
import type { Sql } from '../db/connect';
import { reattachMonths } from '../db/log-months';
import { removeLeft } from '../months/removal';
import { arrivals, clean, lookThrough } from './archive';
import { eraseElsewhere } from './elsewhere';
import {
	addCounts,
	announce,
	claimErasure,
	droppedMonths,
	goOn,
	keepErasure,
	noteLooked,
	noteTraces,
	readErasure,
	readTraces,
	type Claimed
} from './ledger';
import { eraseFromLog, ofShop, type Extent } from './log';
import { matcherOf, type Matcher } from './matching';
import { findInArchive, findInLog, type Traces } from './person';
import { spellings } from './spellings';
import { eraseFromStatistics } from './statistics';
import { entomb } from './tombstones';
import { withTurn } from './turn';

export interface ForgetContext {
	/** Three connections at least. */
	sql: Sql;
	store: ObjectStore;
	log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const CLAIM_MS = 60_000;
const KEEP_EVERY_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Works at the oldest erasure that nobody works at, or at the one with this id, until it is done.
 * @returns false when there is none; a fault is noted, and the erasure left for a later attempt
 */
export async function workAtErasure(
	context: ForgetContext,
	signal: AbortSignal,
	id: string | null = null
): Promise<boolean> {
	const { sql, log } = context;
	const claimed = await claimErasure(sql, CLAIM_MS, id);
	if (claimed === null) return false;
	const keeping = setInterval(() => {
		keepErasure(sql, claimed, CLAIM_MS).catch(() => undefined);
	}, KEEP_EVERY_MS);
	const fields = { erasure: claimed.id, kind: claimed.subject.kind };
	try {
		await run(context, claimed, {
			signal,
			onFault: (fault) => {
				if (fault !== null) keepErasure(sql, claimed, CLAIM_MS, fault).catch(() => undefined);
			}
		});
		log.info(fields, 'an erasure is done');
	} catch (error) {
		const pause = signal.aborted ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (claimed.attempts - 1), LONGEST_PAUSE_MS);
		await keepErasure(sql, claimed, pause, signal.aborted ? null : describe(error).slice(0, 300)).catch(
			() => undefined
		);
		if (!signal.aborted) log.warn({ ...fields, fault: describe(error) }, 'an erasure could not go on, and will');
	} finally {
		clearInterval(keeping);
	}
	return true;
}

async function run(context: ForgetContext, claimed: Claimed, patience: Patience): Promise<void> {
	let { step, erasedAt } = claimed;
	while (step !== 'done') {
		patience.signal.throwIfAborted();
		const next = await take(context, { ...claimed, step, erasedAt }, patience);
		({ step } = next);
		erasedAt = next.erasedAt ?? erasedAt;
		// The last step says by itself that it is done.
		if (step !== 'done') await goOn(context.sql, claimed, step, erasedAt);
	}
}

interface Next {
	step: Claimed['step'];
	erasedAt?: Date;
}

async function take({ sql, store }: ForgetContext, claimed: Claimed, patience: Patience): Promise<Next> {
	const { id, subject } = claimed;
	const shops = subject.kind === 'session' ? [] : await spellings(sql, subject.shopDomain);
	if (claimed.step === 'find') {
		await find(sql, store, claimed, shops, patience);
		return { step: 'entomb' };
	}
	const traces = await readTraces(sql, id);
	if (claimed.step === 'entomb') {
		// From then on no month leaves: whoever takes months out of the log asks whether an erasure is under way.
		await withTurn(sql, patience, async () => {
			// No statement finds what a month that has left holds still.
			await removeLeft(sql);
			await reattachMonths(sql);
		});
		const erasedAt = await entomb(sql, { ...traces, shops: subject.kind === 'shop' ? shops : [] });
		return { step: 'look', erasedAt };
	}
	const until = claimed.erasedAt ?? new Date();
	const matcher = matcherOf(subject, new Set(traces.sessions), until);
	const extent: Extent = subject.kind === 'shop' ? { shops, until } : traces;
	switch (claimed.step) {
		case 'look':
			for await (const looked of lookThrough(store, matcher, await droppedMonths(sql), claimed.lookedUntil, patience)) {
				await noteLooked(sql, id, looked);
			}
			return { step: 'log' };
		case 'log':
			await withTurn(sql, patience, () =>
				eraseFromLog(sql, id, extent, async (transaction, counts, closed) => {
					patience.signal.throwIfAborted();
					await noteTraces(transaction, id, closed, []);
					await addCounts(transaction, id, counts);
				})
			);
			return { step: 'objects' };
		case 'objects':
			await cleanObjects(sql, store, claimed, matcher, patience);
			return { step: 'rest' };
		case 'rest':
		case 'done':
			await addCounts(sql, id, await eraseElsewhere(sql, subject, matcher));
			if (await isLeft(sql, extent)) {
				await goOn(sql, claimed, 'log');
				throw new Error('the log still holds something of it');
			}
			await eraseFromStatistics(sql, matcher);
			await finish(sql, id, store.url, matcher);
			return { step: 'done' };
	}
}

/** Everything that is to go, by name. */
async function find(
	sql: Sql,
	store: ObjectStore,
	{ id, subject }: Claimed,
	shops: string[],
	patience: Patience
): Promise<void> {
	const traces: Traces = { sessions: new Set(), events: [] };
	if (subject.kind === 'session') traces.sessions.add(subject.sessionId);
	else if (subject.kind === 'customer') {
		await findInLog(sql, shops, subject.customer, traces, patience);
		await findInArchive(store, subject.shopDomain, subject.customer, traces, patience);
	}
	await noteTraces(sql, id, [...traces.sessions], traces.events);
}

async function cleanObjects(
	sql: Sql,
	store: ObjectStore,
	{ id, requestedAt }: Claimed,
	matcher: Matcher,
	patience: Patience
): Promise<void> {
	const found = await sql<{ name: string }[]>`
		select name from erasure_objects where erasure_id = ${id} and not is_unreadable order by name`;
	const names = new Set(found.map(({ name }) => name));
	for (const name of await arrivals(sql, requestedAt, patience)) names.add(name);
	for (const name of names) {
		patience.signal.throwIfAborted();
		const { cleaned, events } = await clean(sql, store, name, matcher);
		if (cleaned !== 'untouched') {
			await addCounts(sql, id, { [`objects_${cleaned}`]: 1, events_in_objects: events });
		}
	}
}

/** Whether the log still has something of it. */
async function isLeft(sql: Sql, extent: Extent): Promise<boolean> {
	const [row] =
		'shops' in extent
			? await sql`select from analytics_events as log where ${ofShop(extent)(sql)} limit 1`
			: await sql`select from analytics_events where session_id = any(${extent.sessions}) limit 1`;
	return row !== undefined;
}

/** Where the plain words stand as long as the job needs them. */
const OWN_TABLES = ['erasures', 'erasure_sessions', 'erasure_archived_events', 'erasure_events', 'erasure_objects'];

/** Writes the certificate and forgets the plain words, and with them what the planner has sampled of them. */
async function finish(sql: Sql, id: string, archive: string, matcher: Matcher): Promise<void> {
	const erasure = await readErasure(sql, id);
	if (erasure === null) throw new Error('an erasure is gone');
	const { kind, subjectHash, requestedBy, requestedAt, erasedAt, counts, unreadable } = erasure;
	const iso = (millis: number | null) => (millis === null ? null : new Date(millis).toISOString());
	const certificate = `${JSON.stringify(
		{
			certificate: 'erasure',
			erasure: id,
			kind,
			subjectHash: `sha256 of a secret of this database and the subject: ${subjectHash}`,
			requestedBy,
			requestedAt: iso(requestedAt),
			nothingStoredAgainFrom: iso(erasedAt),
			finishedAt: new Date().toISOString(),
			removed: counts,
			archive,
			objectsThatCouldNotBeRead: unreadable
		},
		null,
		2
	)}\n`;
	await sql.begin(async (transaction) => {
		// Nobody else samples them from here on: who is at it now has not seen what is done here.
		await transaction`lock table ${transaction(OWN_TABLES)} in share update exclusive mode`;
		const done = await transaction`
			update erasures
			set step = 'done', subject = null, finished_at = clock_timestamp(), certificate = ${certificate},
				certificate_sha256 = ${hash('sha256', certificate)}, last_error = null, looked_until = null
			where id = ${id} and finished_at is null
			returning 1`;
		if (done.length === 0) return;
		await transaction`delete from erasure_sessions where erasure_id = ${id}`;
		await transaction`delete from erasure_archived_events where erasure_id = ${id}`;
		await transaction`delete from erasure_events where erasure_id = ${id}`;
		await transaction`delete from erasure_objects where erasure_id = ${id} and not is_unreadable`;
		await eraseFromStatistics(transaction, matcher, OWN_TABLES);
	});
	await announce(sql);
}
