/**
 * Brings every commit's events to the archive, soon after they are committed and never in their way: with connections of
 * its own, from the database, so that nothing that a request waits for waits for a bucket. A store that is away costs
 * a backlog, which is grouped all the same and drained when it is back; all nodes share the work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../commit/faults';
import { connect } from '../db/connect';
import { within } from '../db/within';
import { groupCommits, isWaiting, type Grouping } from './shipper-ledger';
import { pauseMs, shipNext, type Shipping } from './shipper-object';
import type { ObjectStore } from './store';

export interface ShipperOptions {
	/** Of the database. */
	url: string;
	store: ObjectStore;
	grouping: Grouping;
	log: { warn(message: string): void };
}

/** How shipping goes in this process. */
export interface ShipperState {
	/** Where to. */
	url: string;
	/** What the latest attempt met; null after a success. */
	fault: string | null;
}

export interface Shipper {
	state(): ShipperState;
	/** Finishes what is under way, but doesn't wait long for it: another node, or the next start, goes on. */
	stop(): Promise<void>;
}

/** Objects under way at once: one is made while the other is on the line. */
const LANES = 2;
const LOOK_EVERY_MS = 1_000;
const STOP_WITHIN_MS = 5_000;
/** A statement that takes longer is cut off, and tried again. */
const STATEMENT_MS = 120_000;
const LOCK_MS = 5_000;

/** Ships until stopped. */
export function startShipper({ url, store, grouping, log }: ShipperOptions): Shipper {
	const sql = connect({
		url,
		application: 'control-room archive',
		max: LANES,
		settings: { statement_timeout: STATEMENT_MS, lock_timeout: LOCK_MS }
	});
	const shipping: Shipping = { sql, store, log };
	let fault: string | null = null;
	let failures = 0;
	let notBefore = 0;
	let stopping = false;
	let running: Promise<void> | null = null;

	async function shipAll(): Promise<void> {
		while (!stopping && (await groupCommits(sql, grouping)));
		const ended = await Promise.allSettled(Array.from({ length: LANES }, shipSome));
		for (const end of ended) if (end.status === 'rejected') throw end.reason;
	}

	async function shipSome(): Promise<void> {
		while (!stopping && (await shipNext(shipping)) !== null) {
			if (fault !== null) log.warn(`the archive at ${store.url} takes objects again`);
			fault = null;
			failures = 0;
		}
	}

	function look(): void {
		if (running !== null || Date.now() < notBefore) return;
		running = shipAll()
			.catch((error: unknown) => {
				if (fault === null)
					log.warn(`events do not get to the archive at ${store.url}, trying again: ${describe(error)}`);
				fault = describe(error);
				notBefore = Date.now() + pauseMs(++failures);
			})
			.finally(() => (running = null));
	}

	look();
	const timer = setInterval(look, LOOK_EVERY_MS);
	timer.unref();

	return {
		state: () => ({ url: store.url, fault }),
		async stop() {
			stopping = true;
			clearInterval(timer);
			await within(STOP_WITHIN_MS, running ?? Promise.resolve()).catch(() => undefined);
			await sql.end({ timeout: 1 });
		}
	};
}

/**
 * Ships all that was committed until now, however little or new it is; waits for what other nodes have in hand.
 * @param progress hears of each object how many events it has
 * @throws when an object can't be shipped; what is left is shipped later
 */
export async function shipEverything(
	shipping: Shipping,
	objectBytes: number,
	progress: (events: number) => void
): Promise<void> {
	const { sql } = shipping;
	const begun = performance.now();
	/** What is committed while this runs has time. */
	const sinceMs = () => performance.now() - begun;
	do {
		while (await groupCommits(sql, { objectBytes, maxAgeMs: sinceMs() }));
		for (let events; (events = await shipNext(shipping)) !== null;) progress(events);
	} while ((await isWaiting(sql, sinceMs())) && (await sleep(LOOK_EVERY_MS / 4, true)));
}
