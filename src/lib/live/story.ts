/**
 * One session's story as changes arrive. Pure, and a merge: what the session's row says comes from the newest version,
 * events are collected by shop and id, in the order of their time. Bounded: of a very long session only the latest
 * events stay, and the rest is counted.
 */
import type { EventRow, SessionStory, StoryChange } from './messages';

/** How many events of a session a page keeps. */
export const EVENTS_KEPT = 1_000;

/** The story after a change; the given story is left as it is. */
export function applyStory(story: SessionStory, change: StoryChange): SessionStory {
	const newer = change.session.version >= story.session.version ? change : story;
	const events = mergeEvents(story.events, change.events);
	return { ...newer, events, earlierEvents: Math.max(0, newer.session.eventCount - events.length) };
}

/** The story from the first change of a session that had none: only if that holds all its events. */
export function beginStory(change: StoryChange): SessionStory | null {
	return change.events.length >= change.session.eventCount ? { ...change, earlierEvents: 0 } : null;
}

/** What tells two events apart: an id is unique only within a shop. */
export function eventKey(event: EventRow): string {
	return `${event.shop ?? ''} ${event.id}`;
}

function mergeEvents(known: EventRow[], added: EventRow[]): EventRow[] {
	if (added.length === 0) return known;
	const byKey = new Map([...known, ...added].map((event) => [eventKey(event), event]));
	return [...byKey.values()].sort(inOrder).slice(-EVENTS_KEPT);
}

function inOrder(a: EventRow, b: EventRow): number {
	if (a.at !== b.at) return a.at - b.at;
	const [keyA, keyB] = [eventKey(a), eventKey(b)];
	return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}
