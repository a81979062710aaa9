/** What one may see of a session: all, nothing, or what does not name another shop. */
import type { SessionStory } from '../../../live/messages';
import type { Scope } from '../../../query';

/**
 * The story as somebody sees it who sees these shops alone; null when it is none of theirs. A session is of the shop that
 * it last named; events and errors under its id that name yet another shop are that one's.
 */
export function ownStory(story: SessionStory, shops: Scope['shops']): SessionStory | null {
	if (shops === null) return story;
	const { session, events, errors } = story;
	if (session.shop === null || !shops.includes(session.shop)) return null;
	const isOwn = ({ shop }: { shop: string | null }) => shop === null || shops.includes(shop);
	return { ...story, events: events.filter(isOwn), errors: errors.filter(isOwn) };
}
