/** What every topic's feed is to the hub: something that is told of changes and reads them again for its room. */
import type { CommitMark, Millis, TopicState } from '../../live/messages';
import type { Room } from './room';

/** What a commit changed. */
export interface Notice {
	/** The commit's id. */
	commit: string;
	/** When it was committed, by this process's clock. */
	at: Millis;
	/** The changed sessions; null when there are too many to name. */
	sessions: string[] | null;
	/** Whether there are new errors. */
	errors: boolean;
}

/** What a feed tells the hub about its reads. */
export interface FeedObserver {
	/** A read failed; it is tried again. */
	onFault: (error: unknown) => void;
	/** A read succeeded and its change went out; it took so many milliseconds together. */
	onDone: (costMs: number) => void;
}

export interface Feed {
	readonly room: Pick<Room<TopicState>, 'topic' | 'name' | 'isEmpty' | 'heartbeat' | 'snapshot'>;
	/** A commit changed something of this topic. */
	touch(notice: Notice): void;
	/** Anything may have changed. */
	touchAll(): void;
	/** Every two seconds while all is well: time to look whether something changed by the mere passing of time. */
	beat(): void;
	/** Is all that was missed read again? Until then the topic must not claim to be up to date. */
	isCaughtUp(): boolean;
	stop(): void;
}

/** The later one of two commits. */
export function newer(known: CommitMark | null, commit: CommitMark): CommitMark {
	return known && BigInt(known.id) >= BigInt(commit.id) ? known : commit;
}
