/** What both parts of a comparison of log and archive go by: sums of an hour, and what they are made from. */
import { hash } from 'node:crypto';
import type { Sql } from '../db/connect';
import type { Patience } from './backfill-reading';
import type { ObjectStore } from './store';

export const HOUR_MS = 3_600_000;
/** Objects are named by their earliest event, and hold a little of what came after. */
export const REACH_MS = HOUR_MS;

/** Events of an hour, added up. */
export interface Sum {
	events: number;
	/** Of the first 64 bits of each row's SHA-256, modulo 2^64, in decimal digits. */
	sum: string;
}

export interface Hour {
	/** When it begins, in milliseconds since 1970. */
	at: number;
	log: Sum;
	archive: Sum;
	/** alike, also where the archive has events twice or waits for some; dropped: its month has left the log. */
	state: 'alike' | 'differs' | 'dropped';
}

export interface ReconcileContext {
	sql: Sql;
	store: ObjectStore;
	patience: Patience;
	/** The share that is done, 0 to 1, and the events so far. */
	onProgress?: (share: number, events: number) => void;
}

/** 64 bits of a row. */
export function rowHash(json: string): bigint {
	return BigInt(`0x${hash('sha256', json).slice(0, 16)}`);
}
