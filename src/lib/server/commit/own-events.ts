/**
 * Events that the server makes itself because somebody said something in it: they go into the log like all others, so
 * that a rebuild knows what people decided. They have no address, which is how the folds tell them from a client's.
 */
import { randomUUID } from 'node:crypto';
import type { CommitOutcome } from './queue';
import { batchOf, logRow, type Batch } from './rows';

const COMMIT_WITHIN_MS = 10_000;

/** Commits one event of the server's own, dated now. Answers what became of it, once it is durable. */
export type RecordEvent = (type: string, data: object) => Promise<CommitOutcome>;

export function recorder(commit: (batch: Batch, deadline: number) => Promise<CommitOutcome>): RecordEvent {
	return (type, data) => {
		const now = Date.now();
		const row = logRow({
			id: `o_${randomUUID()}`,
			type,
			sessionId: null,
			shopDomain: null,
			timestamp: null,
			data,
			deviceContext: null,
			extra: null,
			userAgent: null,
			ip: null,
			clientTime: null,
			clockShiftMs: 0,
			serverTime: now
		});
		return commit(batchOf('operator', [row]), now + COMMIT_WITHIN_MS);
	};
}
