/**
 * What a commit tells the listeners. A notice is a hint of what to read again, never data: a lost one is healed by the
 * next resync, and it stays far below the 8,000 bytes at which Postgres would abort the commit.
 */

/** The channel of all notices. */
export const CHANNEL = 'control_room';

/** The payload, as JSON. */
export interface CommitNotice {
	commit: string;
	/** Milliseconds since 1970, by the database's clock, when the statement ran. */
	at: number;
	/** The changed sessions; null when there are too many to name, or when everything may have changed. */
	sessions: string[] | null;
	/** Whether events of type `error` are among the new ones. */
	errors: boolean;
}
