/**
 * What is shown, read from the database: the same functions feed the pages' first paint and every push, so that they
 * cannot disagree. Made once a process, because of what it remembers: yesterday's figures and the usual pace of the
 * steps, each for up to a minute; and once more for each part of the Control Room that somebody may see alone.
 */
import type { ErrorCard, Figures, Millis, SessionStory, StepPace, WallCard, WallState } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { cards } from './wall/cards';
import { compare, currentFigures, hiddenFigures, yesterdaysFigures } from './wall/figures';
import { stepPace } from './wall/pace';
import { remembered } from './remembered';
import { shopsOfSessions } from './sessions/shops';
import { story, storySince } from './sessions/story';
import { wall } from './wall';
import { latestErrors } from './wall/errors';
import { signsOfShops, type ShopsSign } from './wall/signs';
import { WHOLE, type View } from './wall/view';

const REMEMBERED_MS = 60_000;
const READ_LIMIT_MS = 10_000;

/** A Control Room: the whole one, or that of a view. All reject with the database's fault, or after 10 seconds. */
export interface WallReader {
	/** All that the Control Room shows. */
	wall(): Promise<WallState>;
	/** The named sessions; those that do not exist, or are not of the view, are left out. */
	cards(sessionIds: string[]): Promise<WallCard[]>;
	/** The latest errors, newest first. */
	errors(): Promise<ErrorCard[]>;
	figures(): Promise<Figures>;
	pace(): Promise<StepPace[]>;
}

export interface Reader extends WallReader {
	/** The Control Room of a view, with memories of its own. */
	scoped(view: View): WallReader;
	/** By what one sees whether something happened in these shops, or to one of these sessions in them. */
	signs(shops: readonly string[], sessionIds: readonly string[]): Promise<ShopsSign>;
	/** The shops of sessions, by session; those that do not exist are left out. */
	shopsOf(sessionIds: string[]): Promise<Map<string, string | null>>;
	/** A session's story with its latest events; null when there is none. */
	story(sessionId: string): Promise<SessionStory | null>;
	/** The same with only the events of the given commits. */
	storySince(sessionId: string, commits: string[]): Promise<SessionStory | null>;
}

/**
 * @param sql a pool of its own, so that slow reads never stand in the way of commits
 * @param clock milliseconds since 1970, by which the windows are laid
 * @param sessionTimeoutMs after so long without an event a session is silent
 */
export function createReader(sql: Sql, clock: () => Millis = Date.now, sessionTimeoutMs = 600_000): Reader {
	const scoped = (view: View) => wallReader(sql, view, clock, sessionTimeoutMs);
	return {
		...scoped(WHOLE),
		scoped,
		signs: (shops, sessionIds) => limited(signsOfShops(sql, shops, sessionIds)),
		shopsOf: (sessionIds) => limited(shopsOfSessions(sql, sessionIds)),
		story: (sessionId) => limited(story(sql, sessionId)),
		storySince: (sessionId, commits) => limited(storySince(sql, sessionId, commits))
	};
}

function wallReader(sql: Sql, view: View, clock: () => Millis, sessionTimeoutMs: number): WallReader {
	const silentSince = () => clock() - sessionTimeoutMs;
	const yesterday = remembered(() => limited(yesterdaysFigures(sql, clock(), view)), REMEMBERED_MS);
	const pace = remembered(() => limited(stepPace(sql, view)), REMEMBERED_MS);
	const figures = async () => {
		const now = clock();
		if (view.masked) return hiddenFigures(now);
		return compare(now, ...(await Promise.all([limited(currentFigures(sql, now, silentSince(), view)), yesterday()])));
	};
	const shown = (rows: WallCard[]): WallCard[] => (view.masked ? rows.map((row) => ({ ...row, aiCost: null })) : rows);
	return {
		async wall() {
			const state = await limited(wall(sql, silentSince(), view, { figures, pace }));
			return { ...state, sessions: shown(state.sessions) };
		},
		cards: async (sessionIds) => shown(await limited(cards(sql, sessionIds, view))),
		errors: () => limited(latestErrors(sql, view)),
		figures,
		pace
	};
}

function limited<T>(work: Promise<T>): Promise<T> {
	return within(READ_LIMIT_MS, work);
}
