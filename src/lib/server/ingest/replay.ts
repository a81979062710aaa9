/**
 * Reads what was rejected once more, through the same ingest, as a batch of one: after an upgrade it may be an event. It
 * keeps the time at which it was received, and from whom. What is still none stays where it is.
 */
import { NOT_STORED } from '../commit/committer';
import type { CommitOutcome } from '../commit/queue';
import { batchOf, keptRow, type Batch, type Origin } from '../commit/rows';
import { OTHER_SHOP } from './keys';
import { parseBatch } from './parse';

/** A rejected event as it was kept. */
export interface Kept extends Origin {
	raw: Uint8Array;
	reason: string;
	/** When it was received, in milliseconds since 1970. */
	at: number;
}

/** What became of it: in the log now (or it was already), or why not. */
export type Replayed = { isStored: true; isNew: boolean } | { isStored: false; reason: string };

const COMMIT_WITHIN_MS = 10_000;

/**
 * Commits the event if it can be one. It is marked as one without a key.
 * @param isKeyRequired whether what came with a key of another shop would be refused once more
 */
export async function replay(
	kept: Kept,
	commit: (batch: Batch, deadline: number) => Promise<CommitOutcome>,
	isKeyRequired: boolean
): Promise<Replayed> {
	if (isKeyRequired && kept.reason === OTHER_SHOP) return { isStored: false, reason: OTHER_SHOP };
	const batch = batchFrom(kept);
	if (typeof batch === 'string') return { isStored: false, reason: batch };
	const outcome = await commit(batch, Date.now() + COMMIT_WITHIN_MS);
	if ('code' in outcome) return { isStored: false, reason: outcome.message };
	const [refused] = outcome.refused;
	if (refused) return { isStored: false, reason: refused.reason };
	return { isStored: true, isNew: outcome.accepted > 0 };
}

/** The batch that it makes, or why it makes none. */
function batchFrom({ raw, reason, at, userAgent, ip }: Kept): Batch | string {
	const text = new TextDecoder('utf-8').decode(raw);
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
	}
	// What the database would not take was kept as the row that it was by then.
	if (reason.startsWith(NOT_STORED)) return batchOf('ingest', [keptRow(json, text)]);
	// In an array, so that it is read as an event whatever it looks like.
	const parsed = parseBatch([json], `[${text}]`, { userAgent, ip }, at);
	if ('code' in parsed) return parsed.message;
	return parsed.rejections[0]?.reason ?? parsed.batch;
}
