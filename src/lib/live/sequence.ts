/**
 * Decides what a numbered message means to a client that stands at a position. Messages of a topic are numbered
 * without holes within one life of the server; whatever does not follow on from the position (a hole, another life)
 * is answered by a fresh snapshot, so that nothing has to be guessed.
 */

/** How far a client has followed a topic: the last message number within one life of the server. */
export interface Position {
	epoch: string;
	seq: number;
}

/** apply: it is the next one. ignore: it is known already. resync: something is missing. */
export type Verdict = 'apply' | 'ignore' | 'resync';

/** What to do with an update when the client stands at `position` (null before any snapshot). */
export function judgeUpdate(position: Position | null, message: Position): Verdict {
	if (message.epoch !== position?.epoch) return 'resync';
	if (message.seq <= position.seq) return 'ignore';
	return message.seq === position.seq + 1 ? 'apply' : 'resync';
}

/** What a heartbeat tells: it carries the number of the topic's last update, so the loss of that one shows here. */
export function judgeHeartbeat(position: Position | null, message: Position): 'ignore' | 'resync' {
	if (message.epoch !== position?.epoch) return 'resync';
	return message.seq > position.seq ? 'resync' : 'ignore';
}
