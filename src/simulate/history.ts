/**
 * Fills the past: writes a plan's events through the committer, like all events, but with the times at which they would
 * have come. Streams: at most a few batches a shop are in memory, and the next visit is made only when the committer
 * has room. A session that never ends gets its timeout here, as the sweeper would have written it, so that a
 * running server is not left with all of them at once.
 *
 * The first event is a marker that says when the history ends. A second run with the same seed and options finds it, makes the very
 * same rows, and so adds only what an interrupted run left out.
 */
import { Committer } from '../lib/server/commit/committer';
import { batchOf, logRow, type LogEvent, type LogRow } from '../lib/server/commit/rows';
import { timeoutEvent } from '../lib/server/commit/sweeper';
import type { Sql } from '../lib/server/db/connect';
import { counted } from '../lib/ui/format';
import { progressOn, type Output } from './progress';
import { eventsPerSession, planOf, type Visit } from './plan';
import { Summary } from './summary';
import type { PlannedEvent } from './story';

export interface HistoryOptions {
	seed: string;
	shops: number;
	/** About so many. */
	events: number;
	spanMs: number;
}

export interface Database {
	sql: Sql;
	url: string;
	/** Of the server that this database belongs to. */
	sessionTimeoutMs: number;
}

/** A group: CPU an event was 103 µs with 500, 91 µs with 1,000, 92 µs with 2,000 and 127 µs with 4,000. */
const BATCH_EVENTS = 1_000;
const LANES = 2;
/** Batches that are under way or wait for a lane, so that no lane waits for the next one to be made. */
const BATCHES_AHEAD = 4;
/** Longer than a restart of the database takes. */
const PATIENCE_MS = 5 * 60_000;
/** How late the sweeper is, at most. */
const SWEEP_MS = 15_000;
const MARKER = 'simulation_started';

/** Writes the history; says what it wrote. Ends early, with whole visits, when the signal fires. */
export async function writeHistory(
	options: HistoryOptions,
	{ sql, url, sessionTimeoutMs }: Database,
	output: Output,
	signal: AbortSignal
): Promise<Summary> {
	const { seed, shops, spanMs } = options;
	const sessions = Math.max(1, Math.round(options.events / eventsPerSession({ seed, shops, spanMs })));
	const wanted = { seed, shops, sessions, spanMs };
	const marker = `simulation_${planOf({ ...wanted, begins: 0 }).key}`;
	const known = await knownEnd(sql, marker);
	const until = known ?? Date.now();
	const begins = until - spanMs;
	const plan = planOf({ ...wanted, begins });
	const summary = new Summary();
	const progress = progressOn(output);
	const day = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
	output.write(
		`${known === null ? 'Writing' : 'This history was begun before: adding what is missing of'} about ` +
			`${counted(options.events, 'events')} of ${counted(sessions, 'sessions')} in ${counted(shops, 'shops')}, ` +
			`${day(begins)} to ${day(until)} UTC, seed ${seed}.\n`
	);

	const committer = new Committer({
		url,
		lanes: LANES,
		queue: { maxEvents: BATCH_EVENTS * BATCHES_AHEAD * 4, maxSize: Infinity },
		stallMs: PATIENCE_MS,
		log: { warn: (message) => output.write(`\n${message}\n`), error: (message) => output.write(`\n${message}\n`) }
	});
	const underWay = new Set<Promise<void>>();
	const faults: string[] = [];

	/** Hands a batch over, and waits while too many are ahead of it. */
	async function send(rows: LogRow[]): Promise<void> {
		const commit = committer.commit(batchOf('simulate', rows), Date.now() + PATIENCE_MS).then((outcome) => {
			underWay.delete(commit);
			if ('code' in outcome) faults.push(outcome.message);
			else {
				summary.accepted += outcome.accepted;
				summary.duplicates += outcome.duplicates;
				summary.rejected += outcome.refused.length;
			}
		});
		underWay.add(commit);
		if (underWay.size >= BATCHES_AHEAD) await Promise.race(underWay);
	}

	// A batch is one shop's: two lanes then seldom write the same shop's row, for which one would wait.
	const pending = new Map<string, LogRow[]>();
	try {
		await send([markerRow(marker, wanted, begins, until)]);
		summary.events++;
		let visits = 0;
		for (const visit of plan.inOrder()) {
			if (signal.aborted || faults.length > 0) break;
			const rows = pending.get(visit.shop) ?? [];
			pending.set(visit.shop, rows);
			writeVisit(visit, { begins, until, sessionTimeoutMs }, rows, summary);
			visits++;
			if (rows.length < BATCH_EVENTS) continue;
			pending.delete(visit.shop);
			await send(rows);
			progress.at(visits / plan.visits, summary.accepted + summary.duplicates);
		}
		for (const rows of pending.values()) await send(rows);
		await Promise.all(underWay);
		progress.at(visits / plan.visits, summary.accepted + summary.duplicates);
	} finally {
		progress.end();
		await committer.stop();
	}
	if (faults[0] !== undefined)
		throw new Error(`The history is not complete: ${faults[0]} The same command goes on with it.`);
	return summary;
}

/** The end of a history that was begun with this marker; null when there is none. */
async function knownEnd(sql: Sql, marker: string): Promise<number | null> {
	const [row] = await sql<{ until: string }[]>`
		select data ->> 'until' as until from analytics_events where shop_domain is null and id = ${marker}`;
	return row ? Date.parse(row.until) : null;
}

function markerRow(id: string, options: object, begins: number, until: number): LogRow {
	return logRow({
		...NOTHING,
		id,
		type: MARKER,
		sessionId: null,
		shopDomain: null,
		data: { ...options, until: new Date(until).toISOString() },
		clientTime: begins,
		serverTime: begins
	});
}

const NOTHING = {
	timestamp: null,
	deviceContext: null,
	extra: null,
	userAgent: null,
	ip: null,
	clockShiftMs: 0
};

interface Period {
	begins: number;
	until: number;
	sessionTimeoutMs: number;
}

/** Adds a visit's rows: what has happened by the end of the period. */
function writeVisit(visit: Visit, period: Period, rows: LogRow[], summary: Summary): void {
	const { begins, until, sessionTimeoutMs } = period;
	let last: { event: PlannedEvent; row: LogRow } | null = null;
	let received = 0;
	let isWhole = true;
	for (const event of visit.events) {
		const clientTime = begins + visit.at + event.at;
		const serverTime = clientTime + event.delay;
		if (serverTime > until) {
			isWhole = false;
			continue;
		}
		const row = logRow(logEvent(visit, event, clientTime, serverTime));
		rows.push(row);
		summary.made(visit, event);
		if (event.sessionId === null) continue;
		received = Math.max(received, serverTime);
		last = { event, row };
	}
	if (visit.outcome === null || last === null) return;
	const noticed = received + sessionTimeoutMs + ((last.event.delay * 37) % SWEEP_MS);
	if (isWhole && visit.outcome !== 'silent') summary.ended(visit, visit.outcome);
	else if (!isWhole || noticed > until) summary.ended(visit, 'in progress');
	else {
		rows.push(timeoutOf(visit, begins + visit.at + last.event.at, last, noticed, sessionTimeoutMs));
		summary.events++;
		summary.ended(visit, 'timed out');
	}
}

function logEvent(visit: Visit, event: PlannedEvent, clientTime: number, serverTime: number): LogEvent {
	return {
		// The deployed clients have no ids: theirs follow from the content, as when they send.
		id: visit.client === 'sdk' ? event.id : null,
		type: event.type,
		sessionId: event.sessionId,
		shopDomain: visit.shopDomain,
		timestamp: new Date(clientTime).toISOString(),
		data: event.data,
		deviceContext: visit.device.context,
		extra: null,
		userAgent: visit.device.userAgent,
		ip: visit.ip,
		clientTime,
		clockShiftMs: 0,
		serverTime
	};
}

function timeoutOf(
	visit: Visit,
	lastTime: number,
	{ event, row }: { event: PlannedEvent; row: LogRow },
	noticed: number,
	sessionTimeoutMs: number
): LogRow {
	const id = row.key.slice(row.key.indexOf('\u0000') + 1);
	return timeoutEvent(
		{
			session_id: event.sessionId ?? '',
			shop_domain: visit.shopDomain || null,
			// As event_stamp() of the first migration writes it.
			last_sign: `${String(lastTime * 1000).padStart(16, '0')} ${id}`,
			updated_at: new Date(lastTime)
		},
		sessionTimeoutMs,
		noticed
	);
}
