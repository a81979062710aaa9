/**
 * Which session has which place on the wall. A lane stays where it is while its session lives, because a lane that
 * jumps can't be followed from across a room. A new session takes a free place; when there is none it takes that of
 * the session that has been quiet longest; what found no place waits for one and is counted.
 */
import type { WallCard } from '../../live/messages';

/** How lanes are laid out: columns × rows, from generous to dense. */
export const LAYOUTS = [
	{ density: 'roomy', columns: 1, rows: 5 },
	{ density: 'compact', columns: 2, rows: 6 },
	{ density: 'dense', columns: 2, rows: 10 },
	{ density: 'dense', columns: 3, rows: 10 }
] as const;
export type Layout = (typeof LAYOUTS)[number];
/** Its lanes name no step. */
export const DENSEST = LAYOUTS[3];

export interface Board {
	layout: Layout;
	/** Session ids by place; null is a free place. */
	places: readonly (string | null)[];
	/** All sessions that were active when the board was made: who is not among them next time is new. */
	known: ReadonlySet<string>;
}

/** Makes boards one after another, each from the one before. */
export function boardKeeper(): (active: readonly WallCard[]) => Board {
	let before: Board | null = null;
	return (active) => (before = arrange(before, active));
}

/** The last share of a layout that must be free before the wall goes back to a roomier one: no flapping at a border. */
const ROOM_BEFORE_GROWING = 0.8;

/** The next board, from the one before (null at first) and the sessions that are active now. */
export function arrange(before: Board | null, active: readonly WallCard[]): Board {
	const layout = layoutFor(before?.layout ?? null, active.length);
	const capacity = layout.columns * layout.rows;
	const byId = new Map(active.map((session) => [session.sessionId, session]));
	const places = kept(before, byId, layout);
	const placed = new Set(places);
	const without = active.filter((session) => !placed.has(session.sessionId)).sort(latestFirst);
	const free = capacity - places.filter((id) => id !== null).length;
	const entering = without.slice(0, free).sort((a, b) => a.startedAt - b.startedAt || order(a, b));
	for (const session of entering) places[places.indexOf(null)] = session.sessionId;
	if (before)
		giveQuietPlaces(
			places,
			byId,
			without.slice(free).filter((session) => !before.known.has(session.sessionId))
		);
	return { layout, places, known: new Set(byId.keys()) };
}

function layoutFor(present: Layout | null, count: number): Layout {
	const fits = (layout: Layout) => {
		const capacity = layout.columns * layout.rows;
		const growing = present !== null && LAYOUTS.indexOf(layout) < LAYOUTS.indexOf(present);
		return count <= (growing ? Math.floor(capacity * ROOM_BEFORE_GROWING) : capacity);
	};
	return LAYOUTS.find(fits) ?? DENSEST;
}

/** The places of sessions that still live; closed up, in order, when the layout changes. */
function kept(before: Board | null, byId: ReadonlyMap<string, WallCard>, layout: Layout): (string | null)[] {
	const capacity = layout.columns * layout.rows;
	const living = (before?.places ?? []).map((id) => (id !== null && byId.has(id) ? id : null));
	const places = before?.layout === layout ? living : living.filter((id) => id !== null).slice(0, capacity);
	return [...places, ...Array<null>(capacity - places.length).fill(null)];
}

function giveQuietPlaces(
	places: (string | null)[],
	byId: ReadonlyMap<string, WallCard>,
	entering: readonly WallCard[]
): void {
	const quiet = places
		.flatMap((id, place) => {
			const session = id === null ? undefined : byId.get(id);
			return session ? [{ place, session }] : [];
		})
		.sort((a, b) => a.session.updatedAt - b.session.updatedAt || order(a.session, b.session));
	for (const [index, session] of entering.entries()) {
		const quietest = quiet[index];
		if (!quietest || quietest.session.updatedAt > session.updatedAt) return;
		places[quietest.place] = session.sessionId;
	}
}

function latestFirst(a: WallCard, b: WallCard): number {
	return b.updatedAt - a.updatedAt || order(a, b);
}

function order(a: WallCard, b: WallCard): number {
	return a.sessionId < b.sessionId ? -1 : a.sessionId > b.sessionId ? 1 : 0;
}
