/**
 * Ships one object: made from the log, named in the ledger, written where nothing is yet, marked. It can be cut off after
 * any of these and begun anew by whoever comes next, because each does nothing when it was done already.
 *
 * Between two attempts an erasure may have changed the log. What the earlier one had written is then replaced; anything
 * else that lies under the name is nobody's to overwrite, and a fault to be looked at.
 */
import { hash } from 'node:crypto';
import { describe } from '../commit/faults';
import type { Sql } from '../db/connect';
import { readObject } from './object';
import {
	claimObject,
	giveBack,
	isSettledWithout,
	keepClaim,
	markEmpty,
	markShipped,
	nameObject,
	type Claimed
} from './shipper-ledger';
import type { ObjectStore } from './store';

export interface Shipping {
	/** A pool of its own: what it waits for, nobody else does. */
	sql: Sql;
	store: ObjectStore;
	log: { warn(message: string): void };
}

/** A node that says nothing for so long has died. */
const CLAIM_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Ships the next object that nobody has in hand, and returns how many events it has; null when there is none.
 * @throws what went wrong; the object is given back for a later attempt
 */
export async function shipNext(shipping: Shipping): Promise<number | null> {
	const { sql } = shipping;
	const claimed = await claimObject(sql, CLAIM_MS);
	if (claimed === null) return null;
	const keeping = setInterval(() => {
		// When it is lost meanwhile, whoever has it writes the same bytes.
		keepClaim(sql, claimed, CLAIM_MS).catch(() => undefined);
	}, CLAIM_MS / 3);
	try {
		return await ship(shipping, claimed);
	} catch (error) {
		await giveBack(sql, claimed, describe(error).slice(0, 500), pauseMs(claimed.attempts)).catch(() => undefined);
		throw error;
	} finally {
		clearInterval(keeping);
	}
}

/** How long to leave alone what has failed so many times in a row. */
export function pauseMs(failures: number): number {
	return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
}

async function ship({ sql, store, log }: Shipping, claimed: Claimed): Promise<number> {
	const object = await readObject(sql, claimed);
	if (object === null) {
		if (claimed.name !== null) await withdraw(store, claimed.name, claimed.sha256);
		await markEmpty(sql, claimed);
		return 0;
	}
	if (object.events !== object.committed) {
		log.warn(
			`of ${object.committed} events in commits ${claimed.first_commit} to ${claimed.last_commit} the log has ${object.events}: these go to the archive`
		);
	}
	const name = claimed.name ?? object.name;
	if (claimed.name === null && !(await nameObject(sql, claimed, object))) return 0;
	if ((await store.create(name, object.body)) === 'different') {
		const there = await ownAttempt(store, name, claimed.sha256);
		if (there !== null && (await store.replace(name, object.body, there)) === 'changed') {
			throw new Error(`${name} was changed while it was replaced`);
		}
	}
	if (await markShipped(sql, claimed, store.url, { ...object, name })) return object.events;
	// This process may have slept until others had taken its object over, and what it had read was forgotten.
	if (await isSettledWithout(sql, claimed, name)) await withdraw(store, name, object.sha256);
	return 0;
}

/** Removes what an earlier attempt has written. */
async function withdraw(store: ObjectStore, name: string, sha256: string | null): Promise<void> {
	const there = await ownAttempt(store, name, sha256);
	if (there !== null && (await store.remove(name, there)) === 'changed') {
		throw new Error(`${name} was changed while it was removed`);
	}
}

/**
 * The generation of what an earlier attempt has written; null when there is nothing.
 * @throws when something else is there
 */
async function ownAttempt(store: ObjectStore, name: string, sha256: string | null): Promise<string | null> {
	const there = await store.read(name);
	if (there !== null && hash('sha256', there.body) !== sha256)
		throw new Error(`${name} is there already, with other bytes`);
	return there?.generation ?? null;
}
