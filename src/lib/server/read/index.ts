/**
 * What is shown, read from the database: the same functions feed the pages' first paint and every push, so that they
 * cannot disagree. Made once a process, because of what it remembers: yesterday's figures and the usual pace of the
 * steps, each for up to a minute.
 */
import type { ErrorCard, Figures, Millis, SessionCard, SessionStory, StepPace, WallState } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { cards } from './wall/cards';
import { compare, currentFigures, yesterdaysFigures } from './wall/figures';
import { stepPace } from './wall/pace';
import { remembered } from './remembered';
import { story, storySince } from './sessions/story';
import { wall } from './wall';
import { latestErrors } from './wall/errors';

const REMEMBERED_MS = 60_000;
const READ_LIMIT_MS = 10_000;

/** All reject with the database's fault, or after 10 seconds. */
export interface Reader {
	/** All that the Control Room shows. */
	wall(): Promise<WallState>;
	/** The named sessions; those that do not exist are left out. */
	cards(sessionIds: string[]): Promise<SessionCard[]>;
	/** The latest errors, newest first. */
	errors(): Promise<ErrorCard[]>;
	figures(): Promise<Figures>;
	pace(): Promise<StepPace[]>;
	/** A session's story with its latest events; null when there is none. */
	story(sessionId: string): Promise<SessionStory | null>;
	/** The same with only the events of the given commits. */
	storySince(sessionId: string, commits: string[]): Promise<SessionStory | null>;
}

/**
 * @param sql a pool of its own, so that slow reads never stand in the way of commits
 * @param clock milliseconds since 1970, by which the windows are laid
 */
export function createReader(sql: Sql, clock: () => Millis = Date.now): Reader {
	const yesterday = remembered(() => limited(yesterdaysFigures(sql, clock())), REMEMBERED_MS);
	const pace = remembered(() => limited(stepPace(sql)), REMEMBERED_MS);
	const figures = async () => {
		const now = clock();
		return compare(now, ...(await Promise.all([limited(currentFigures(sql, now)), yesterday()])));
	};
	return {
		wall: () => limited(wall(sql, { figures, pace })),
		cards: (sessionIds) => limited(cards(sql, sessionIds)),
		errors: () => limited(latestErrors(sql)),
		figures,
		pace,
		story: (sessionId) => limited(story(sql, sessionId)),
		storySince: (sessionId, commits) => limited(storySince(sql, sessionId, commits))
	};
}

function limited<T>(work: Promise<T>): Promise<T> {
	return within(READ_LIMIT_MS, work);
}
