/**
 * What the page about costs shows, its file and its operation of the API: sums of what AI requests said they cost, exact
 * decimals from the column to the screen. Requests count by their own time, sessions by their start.
 */
import { MOST_ROWS_OF_WHOLE } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { costForecast, type Forecast } from './forecast';
import { COST_FILTERS, hasWords, spanOf, type CostQuestion } from './parts';
import { requestList, REQUEST_FILTERS, requestSums, type AiRequestRow, type RequestList, type RequestsAsked, type RequestSums } from './requests'; // prettier-ignore
import { costRows, type CostRow } from './rows';
import { costSeries, type CostSeries } from './series';
import { dearestSessions, lostByExit, sessionCosts, type Dearest, type LostRow, type SessionCosts } from './sessions'; // prettier-ignore
import { costSplits, type Spent, type Splits } from './splits';
import { estimate, type Estimate } from './prices';

export type {
	AiRequestRow,
	CostQuestion,
	CostRow,
	CostSeries,
	RequestList,
	RequestSums,
	Dearest,
	Forecast,
	LostRow,
	SessionCosts,
	Spent,
	Splits
};

const READ_LIMIT_MS = 10_000;
const MOST_WORDS = 10;
const MOST_EXITS = 8;

/** What is known of sessions; of requests alone, with a filter by their words, nothing is. */
export interface OfSessions {
	now: SessionCosts;
	/** In the range before. */
	before: SessionCosts;
	lostByExit: LostRow[];
	dearest: Dearest;
}

export interface CostOverview {
	total: Spent;
	splits: Splits;
	series: CostSeries;
	estimate: Estimate;
	forecast: Forecast;
	sessions: OfSessions | null;
}

/** All that the page shows of a range. */
async function overview(sql: Sql, question: CostQuestion, isWhole: boolean): Promise<CostOverview> {
	// The longest first: there are more of them than connections.
	const [{ total, splits }, sessions, series, estimated, forecast] = await Promise.all([
		costSplits(sql, question, isWhole ? MOST_ROWS_OF_WHOLE : MOST_WORDS),
		hasWords(question.filters) ? null : ofSessions(sql, question, isWhole ? MOST_ROWS_OF_WHOLE : MOST_EXITS),
		costSeries(sql, question),
		estimate(sql, question.filters, question.range),
		costForecast(sql, question)
	]);
	return { total, splits, series, estimate: estimated, forecast, sessions };
}

async function ofSessions(sql: Sql, question: CostQuestion, mostExits: number): Promise<OfSessions> {
	const { range, filters } = question;
	const span = spanOf(filters, range);
	const [dearest, lost, now, before] = await Promise.all([
		dearestSessions(sql, question),
		lostByExit(sql, span, mostExits),
		sessionCosts(sql, span),
		sessionCosts(sql, { ...span, from: span.from - (span.to - span.from), to: span.from })
	]);
	return { now, before, lostByExit: lost, dearest };
}

/**
 * What the page, its file and the API read of costs.
 * @param sums a pool for what is added up from tallies
 */
export function costs(sql: Sql, sums: Sql = sql) {
	return {
		filters: COST_FILTERS,
		/**
		 * @param isWhole whether all words are named rather than the dearest
		 * @throws the database's fault, or after 10 seconds
		 */
		overview: (question: CostQuestion, isWhole = false) => within(READ_LIMIT_MS, overview(sums, question, isWhole)),
		requestFilters: REQUEST_FILTERS,
		/** Requests one by one, and how many they are. */
		requests: (asked: RequestsAsked) => requestList(sql, asked),
		requestSums: (asked: Pick<RequestsAsked, 'range' | 'filters'>) => requestSums(sql, asked),
		/** Sums by UTC day and all words, in parts. */
		rows: (question: CostQuestion) => costRows(sql, question)
	};
}
