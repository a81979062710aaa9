/**
 * In which months of the log an event may be known already. Within a month a constraint keeps an event once. Its
 * repetition may come in a later one: the statement looks for it in the months that follow from the group.
 *
 * A repetition has the time that its client gave it. Its first copy came at that time or later, or earlier by as much as
 * the client's clock was ahead: a month covers that, and a week where the time is ours to the hour, so that from the second
 * week of a month on hardly an event is looked for in the month before, in which each costs going down another b-tree.
 * Where the time says nothing (there is none, or it lies in the future) all months are looked through. So what is not
 * recognised is a repetition in another month from a clock that was more than a month ahead, after more than that time, or
 * from one more than a week ahead that comes within an hour of the very time that it gave.
 */
import type { Sql } from '../db/connect';
import { ensureMonth } from '../db/log-months';
import type { CommitSource, LogRow } from './rows';

/** How a group is committed: `plain` now, within a month; `careful` at the turn of a month, and what lies in the past. */
export interface Reach {
	way: 'plain' | 'careful';
	/**
	 * Two stretches in which its events are looked for, each from a moment to another that is not in it: before their own
	 * month, in which a constraint knows them, and after it.
	 */
	stretches: [from: Date, to: Date, from: Date, to: Date];
}

/** As near_month_edge() of migration 0004 has it. Also how far a server's clock may be from ours. */
const EDGE_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** How far ahead of ours a client's clock may have been; and where it says just our time, as nearly all do. */
const AHEAD_MS = 31 * DAY_MS;
const AHEAD_AS_OURS_MS = 7 * DAY_MS;
const AS_OURS_MS = 3_600_000;
const EARLIEST = 0;
const LATEST = Date.UTC(9999, 0, 1);

/** @param now milliseconds since 1970 */
export function reachOf(events: readonly LogRow[], source: CommitSource, now: number): Reach {
	const own = monthOf(events[0]?.serverTime ?? now);
	const next = monthAfter(own, 1);
	let from = LATEST;
	let isOneMonth = true;
	let isPlain = source !== 'backfill';
	for (const { serverTime, sentTime } of events) {
		isOneMonth &&= serverTime >= own && serverTime < next;
		isPlain &&= Math.abs(now - serverTime) <= EDGE_MS && serverTime >= own + EDGE_MS && serverTime < next - EDGE_MS;
		from = Math.min(from, earliestCopy(serverTime, sentTime, source));
	}
	const first = from > EARLIEST ? monthOf(from) : EARLIEST;
	const [before, after] = isOneMonth ? [own, next] : [LATEST, LATEST];
	return {
		way: isPlain ? 'plain' : 'careful',
		stretches: [new Date(first), new Date(before), new Date(after), new Date(isPlain ? next : LATEST)]
	};
}

function earliestCopy(serverTime: number, sentTime: number | null, source: CommitSource): number {
	// What somebody says in the server has a new id each time.
	if (source === 'operator') return serverTime;
	// Also where a time cannot be read: the database will say so.
	const isTold = sentTime !== null && sentTime <= serverTime + DAY_MS;
	if (!isTold) return EARLIEST;
	const isAsOurs = Math.abs(serverTime - sentTime) <= AS_OURS_MS;
	return Math.min(sentTime, serverTime) - (isAsOurs ? AHEAD_AS_OURS_MS : AHEAD_MS);
}

/** Makes the months of these events. */
export async function makeMonths(sql: Sql, events: readonly LogRow[]): Promise<void> {
	const months = [...new Set(events.map(({ serverTime }) => monthOf(serverTime)))].sort((a, b) => a - b);
	for (const month of months) await ensureMonth(sql, new Date(month).toISOString().slice(0, 10));
}

/** The beginning of the month (UTC) that a time lies in. */
function monthOf(time: number): number {
	return monthAfter(time, 0);
}

/** The beginning of the month so many months after the one that a time lies in. */
export function monthAfter(time: number, months: number): number {
	const date = new Date(time);
	return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months);
}
