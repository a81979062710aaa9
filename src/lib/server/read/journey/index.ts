/**
 * What the page about the journey shows, its file and its operation of the API: from the button to the cart, and where
 * shoppers leave. Each panel says what it counts, and how far back it has looked where it could not look at all.
 */
import { MOST_ROWS_OF_WHOLE } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { funnelCounts, stagesOf, type FunnelCounts, type Stage, type StageKey } from './funnel';
import { exits, JOURNEY_SPLITS, parts, postArActions, stepTimes, type ActionRow, type ExitRow, type JourneySplit, type PartRow, type StepRow, type StepTimes } from './parts'; // prettier-ignore
import { askedOf, JOURNEY_FILTERS, lookedAt, needsRows, type JourneyQuestion, type LookedAt } from './sessions';

export type { ActionRow, ExitRow, FunnelCounts, JourneyQuestion, JourneySplit, LookedAt, PartRow, Stage, StageKey, StepRow, StepTimes }; // prettier-ignore

const READ_LIMIT_MS = 10_000;
const MOST_SHOWN = 10;
const REASONS_OF_A_STEP = 5;
const MOST_EXITS = 100;
const MOST_ACTIONS = 8;

export interface JourneyOverview {
	counts: FunnelCounts;
	stages: Stage[];
	exits: ExitRow[];
	postAr: ActionRow[];
	splits: Record<JourneySplit, PartRow[]>;
	steps: StepTimes;
	/** How far back the rows were looked at; null where none had to be, because the tallies know all that was asked. */
	lookedAt: LookedAt | null;
	/** Is the funnel itself counted in these rows? */
	isFunnelOfRows: boolean;
}

/** All that the page shows of a range. */
async function overview(sql: Sql, { range, filters }: JourneyQuestion, isWhole: boolean): Promise<JourneyOverview> {
	const most = (shown: number) => (isWhole ? MOST_ROWS_OF_WHOLE : shown);
	const asked = askedOf(filters, range);
	const earlier = { ...asked, from: range.from - (range.to - range.from), to: range.from };
	// The longest first: there are more of them than connections.
	const [product, steps, shop, left, counts, before, device, postAr, looked] = await Promise.all([
		parts(sql, asked, 'product', most(MOST_SHOWN)),
		stepTimes(sql, asked),
		parts(sql, asked, 'shop', most(MOST_SHOWN)),
		exits(sql, asked, { reasons: most(REASONS_OF_A_STEP), rows: most(MOST_EXITS) }),
		funnelCounts(sql, asked),
		funnelCounts(sql, earlier),
		parts(sql, asked, 'device', most(MOST_SHOWN)),
		postArActions(sql, asked, most(MOST_ACTIONS)),
		needsRows(asked, 'exit') ? lookedAt(sql, asked) : null
	]);
	return {
		counts,
		stages: stagesOf(counts, before),
		exits: left,
		postAr,
		splits: { device, shop, product },
		steps,
		lookedAt: looked,
		isFunnelOfRows: needsRows(asked, null)
	};
}

export interface JourneyPart extends PartRow {
	part: JourneySplit | 'all';
	/** Events of the button, which are known of all sessions together. */
	impressions: number | null;
	clicks: number | null;
}

/** The funnel as a whole, then of each device, shop and product; those beyond a thousand of a kind are one row. */
async function* file(sql: Sql, { range, filters }: JourneyQuestion): AsyncGenerator<JourneyPart[]> {
	const asked = askedOf(filters, range);
	const { impressions, clicks, sessions, active, completed, carts, reached } = await within(
		READ_LIMIT_MS,
		funnelCounts(sql, asked)
	);
	yield [{ part: 'all', value: '', values: 1, impressions, clicks, sessions, active, completed, carts, reached }];
	for (const part of JOURNEY_SPLITS) {
		const rows = await within(READ_LIMIT_MS, parts(sql, asked, part, MOST_ROWS_OF_WHOLE));
		yield rows.map((row) => ({ part, impressions: null, clicks: null, ...row }));
	}
}

/** What the page, its file and the API read of the journey. */
export function journey(sql: Sql) {
	return {
		filters: JOURNEY_FILTERS,
		/**
		 * @param isWhole whether all words are named rather than those with most sessions
		 * @throws the database's fault, or after 10 seconds
		 */
		overview: (question: JourneyQuestion, isWhole = false) => within(READ_LIMIT_MS, overview(sql, question, isWhole)),
		file: (question: JourneyQuestion) => file(sql, question)
	};
}
