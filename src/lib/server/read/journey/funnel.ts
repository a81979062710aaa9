/**
 * The funnel: how many there were at each stage, how many of them went on, are still there, or left. A session has
 * reached a step when it told anything of it or of a later one, so the numbers never rise from step to step. Impressions
 * and clicks are events by the time the server got them, of everybody who saw the button; sessions count by their start.
 */
import { STEPS, type Step } from '../../../events/vocabulary';
import type { Sql } from '../../db/connect';
import { counted, type Asked } from './sessions';
import { eventCounts, eventParts } from '../tallies';

const IMPRESSION = 'ar_button_impression';
const CLICK = 'ar_button_click';

export interface FunnelCounts {
	/** Of everybody; null where a device or a product is asked for: events of the button are not counted by these. */
	impressions: number | null;
	clicks: number | null;
	sessions: number;
	completed: number;
	carts: number;
	/** Sessions in progress. */
	active: number;
	/** One each of the five steps. */
	reached: number[];
	/** Of these the ones in progress. */
	activeReached: number[];
}

/** What a funnel is made of. */
export async function funnelCounts(sql: Sql, asked: Asked): Promise<FunnelCounts> {
	const [events, sessions] = await Promise.all([buttonEvents(sql, asked), sessionFunnel(sql, asked)]);
	return { ...events, ...sessions };
}

async function buttonEvents(sql: Sql, asked: Asked): Promise<Pick<FunnelCounts, 'impressions' | 'clicks'>> {
	if (asked.device !== null || asked.product !== null) return { impressions: null, clicks: null };
	const types = { only: [IMPRESSION, CLICK], without: [] };
	const source = asked.shop === null ? eventCounts(sql, asked, types) : eventParts(sql, asked, types);
	const rows = await sql<{ type: string; events: number }[]>`
		select event_type as type, sum(events)::float8 as events from ${source} as counted group by event_type`;
	const of = (type: string) => rows.find((row) => row.type === type)?.events ?? 0;
	return { impressions: of(IMPRESSION), clicks: of(CLICK) };
}

async function sessionFunnel(sql: Sql, asked: Asked): Promise<Omit<FunnelCounts, 'impressions' | 'clicks'>> {
	const places = STEPS.map((_, index) => index + 1);
	const sums = (condition: string) => places.map((place) => `coalesce(sum(reached_${place}) ${condition}, 0)::float8`);
	const [row] = await sql<Omit<FunnelCounts, 'impressions' | 'clicks'>[]>`
		select
			coalesce(sum(sessions), 0)::float8 as sessions, coalesce(sum(completed), 0)::float8 as completed,
			coalesce(sum(carts), 0)::float8 as carts, coalesce(sum(active), 0)::float8 as active,
			array[${sql.unsafe(sums('').join(', '))}] as reached,
			array[${sql.unsafe(sums('filter (where active = 1)').join(', '))}] as "activeReached"
		from ${counted(sql, asked)} as counted`;
	if (!row) throw new Error('a sum without a group has one row');
	return row;
}

export type StageKey = 'impressions' | 'clicks' | 'sessions' | Step | 'completed' | 'carts';

export interface Stage {
	key: StageKey;
	/** null where it is not known. */
	count: number | null;
	/** Parts of the stage before, and of the first stage of its kind: impressions for clicks, else sessions. */
	ofPrevious: number | null;
	ofFirst: number | null;
	/** Sessions that got here and not further: those in progress, and those that are over. null where it has no meaning. */
	active: number | null;
	left: number | null;
	/** The same stage in the range before. */
	countBefore: number | null;
	ofPreviousBefore: number | null;
}

/** The stages in their order. `carts` comes last and may have sessions that were not completed: nothing is left there. */
export function stagesOf(now: FunnelCounts, before: FunnelCounts): Stage[] {
	const stage = (
		key: StageKey,
		count: (counts: FunnelCounts) => number | null,
		previous: ((counts: FunnelCounts) => number | null) | null,
		first: (counts: FunnelCounts) => number | null,
		over: { next: number; active: number } | null = null
	): Stage => {
		const own = count(now);
		const ratio = (counts: FunnelCounts) => (previous ? part(count(counts), previous(counts)) : null);
		return {
			key,
			count: own,
			ofPrevious: ratio(now),
			ofFirst: part(own, first(now)),
			active: over?.active ?? null,
			left: over && own !== null ? own - over.next - over.active : null,
			countBefore: count(before),
			ofPreviousBefore: ratio(before)
		};
	};
	const reached = (counts: FunnelCounts, index: number) => (index < 0 ? counts.sessions : (counts.reached[index] ?? 0));
	const activeAt = (index: number) =>
		(index < 0 ? now.active : (now.activeReached[index] ?? 0)) - (now.activeReached[index + 1] ?? 0);
	const sessions = ({ sessions }: FunnelCounts) => sessions;
	return [
		stage('impressions', (counts) => counts.impressions, null, (counts) => counts.impressions),
		stage('clicks', (counts) => counts.clicks, (counts) => counts.impressions, (counts) => counts.impressions),
		stage('sessions', sessions, ({ clicks }) => clicks, sessions, { next: reached(now, 0), active: activeAt(-1) }),
		...STEPS.map((step, index) =>
			stage(step, (counts) => reached(counts, index), (counts) => reached(counts, index - 1), sessions, {
				next: now.reached[index + 1] ?? now.completed,
				active: activeAt(index)
			})
		),
		stage('completed', ({ completed }) => completed, (counts) => reached(counts, STEPS.length - 1), sessions),
		stage('carts', ({ carts }) => carts, null, sessions)
	]; // prettier-ignore
}

function part(value: number | null, whole: number | null): number | null {
	return value === null || whole === null || whole === 0 ? null : value / whole;
}
