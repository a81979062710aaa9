/**
 * Compares the log with the archive, hour by hour of the events' server time. Both are read as streams and added up to a
 * count and a sum of hashes, which no order changes; only an hour that is not alike is looked at event by event, in parts
 * that fit into memory. What is in the archive twice, as after a client's retry, or not shipped yet, is no difference.
 */
import { missingMonths } from '../db/log-months';
import { readObjects, nameAt, EVENTS_PREFIX } from './backfill-reading';
import type { ObjectFault } from './backfill-jobs';
import { compareHour, type Difference } from './reconcile-hour';
import { logRows } from './reconcile-log';
import { HOUR_MS, REACH_MS, rowHash, type Hour, type ReconcileContext, type Sum } from './reconcile-sums';

const MOST_EXAMPLES = 100;

export interface Reconciliation {
	from: number;
	to: number;
	/** When it was made. */
	at: number;
	hours: Hour[];
	differences: number;
	/** The first of them. */
	examples: Difference[];
	/** Events that lie in the archive more than once. */
	repeated: number;
	/** Events of the log that wait to be shipped. */
	waiting: number;
	/** Objects that could not be read. */
	damaged: ObjectFault[];
	/** Months of that time that are not in the log any more, as 2026-01. */
	droppedMonths: string[];
}

/** Whether log and archive say the same. */
export function isAlike({ differences, damaged }: Reconciliation): boolean {
	return differences === 0 && damaged.length === 0;
}

/** Compares a stretch of time, [from, to) in milliseconds since 1970. */
export async function reconcile(context: ReconcileContext, from: number, to: number): Promise<Reconciliation> {
	const { sql, store, patience, onProgress } = context;
	const log = new Sums();
	const archive = new Sums();
	const damaged: ObjectFault[] = [];
	let events = 0;
	const share = (time: number, half: number) => (half + Math.min(1, Math.max(0, (time - from) / (to - from)))) / 2;
	for await (const { json, serverTime } of logRows(sql, from, to)) {
		patience.signal.throwIfAborted();
		log.add(serverTime, json);
		if (++events % 1_000 !== 0) continue;
		patience.signal.throwIfAborted();
		onProgress?.(share(serverTime, 0), events);
	}
	const range = { prefix: EVENTS_PREFIX, from: nameAt(Math.max(0, from - REACH_MS)), to: nameAt(to) };
	for await (const { name, content } of readObjects(store, range, '', patience)) {
		if ('damage' in content) {
			damaged.push({ name, reason: content.damage });
			continue;
		}
		for (const { row, serverTime } of content.events) {
			if (serverTime < from || serverTime >= to) continue;
			archive.add(serverTime, row.json);
			if (++events % 1_000 === 0) onProgress?.(share(serverTime, 1), events);
		}
	}

	const monthOf = (time: number) => new Date(time).toISOString().slice(0, 7);
	const isAskedFor = (month: string) => month >= monthOf(from) && month <= monthOf(to - 1);
	const droppedMonths = (await missingMonths(sql)).map(({ month }) => month).filter(isAskedFor);
	const result: Reconciliation = { from, to, at: Date.now(), hours: [], differences: 0, examples: [], repeated: 0, waiting: 0, damaged, droppedMonths }; // prettier-ignore
	for (const at of [...new Set([...log.hours(), ...archive.hours()])].sort((one, other) => one - other)) {
		const hour: Hour = { at, log: log.of(at), archive: archive.of(at), state: 'alike' };
		result.hours.push(hour);
		if (droppedMonths.includes(monthOf(at))) hour.state = 'dropped';
		else if (hour.log.events !== hour.archive.events || hour.log.sum !== hour.archive.sum) {
			const found = await compareHour(context, Math.max(at, from), Math.min(at + HOUR_MS, to), hour);
			if (found.differences.length > 0) hour.state = 'differs';
			result.differences += found.differences.length;
			result.examples.push(...found.differences.slice(0, MOST_EXAMPLES - result.examples.length));
			result.repeated += found.repeated;
			result.waiting += found.waiting;
		}
	}
	return result;
}

/** Counts and sums by hour. */
class Sums {
	readonly #hours = new Map<number, { events: number; sum: bigint }>();

	add(serverTime: number, json: string): void {
		const at = serverTime - (serverTime % HOUR_MS);
		const hour = this.#hours.get(at) ?? { events: 0, sum: 0n };
		hour.events++;
		hour.sum = BigInt.asUintN(64, hour.sum + rowHash(json));
		this.#hours.set(at, hour);
	}

	hours(): Iterable<number> {
		return this.#hours.keys();
	}

	of(at: number): Sum {
		const hour = this.#hours.get(at);
		return { events: hour?.events ?? 0, sum: (hour?.sum ?? 0n).toString() };
	}
}
