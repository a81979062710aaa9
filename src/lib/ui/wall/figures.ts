/** The key figures as texts: each with its definition, its window and the same time yesterday. Pure. */
import type { Figure, Figures } from '../../live/messages';
import { count, countShort, moneyExact, moneyShort, NO_DATA, share, windowLength } from '../format';
import type { IconName } from '../words';

export interface FigureText {
	name: FigureName;
	term: string;
	/** As short as the wall needs it. */
	value: string;
	/** In full, for the title. */
	exact: string;
	/** "yesterday 19", or why there is nothing to compare. */
	compared: string;
	trend: IconName | null;
	/** In small print: what is counted, over which window. */
	definition: string;
	/** The definition in a whole sentence, for the title. */
	sentence: string;
	noData: boolean;
}

/** The figures by their names in the state of the wall. */
export type FigureName = Exclude<keyof Figures, 'at' | 'windowMs' | 'hidden'>;

/** The five figures in the order of the wall. */
export function figureTexts(figures: Figures): FigureText[] {
	const over = windowLength(figures.windowMs);
	const { completed, ended } = figures.successRate;
	return [
		figureText('activeSessions', 'Active sessions', figures.activeSessions, countShort, count, Number, {
			definition: 'in progress now',
			sentence: 'Sessions that have begun, and have neither ended nor been closed for their silence.',
			nothing: 'no event yet'
		}),
		figureText('successRate', 'Success rate', figures.successRate, share, share, Number, {
			definition: `completed of ended, ${over}`,
			sentence: `Completed sessions of all that ended in the last ${over}: ${count(completed)} of ${count(ended)}.`,
			nothing: 'none has ended yet'
		}),
		figureText('activeShops', 'Active shops', figures.activeShops, countShort, count, Number, {
			definition: `with sessions, ${over}`,
			sentence: `Shops of which a session started in the last ${over}.`,
			nothing: 'no shop yet'
		}),
		figureText('aiCost', 'AI cost', figures.aiCost, moneyShort, moneyExact, Number, {
			definition: `all AI requests, ${over}`,
			sentence: `What all AI requests of the last ${over} cost, in US dollars.`,
			nothing: 'no AI request yet'
		}),
		figureText('errors', 'Errors', figures.errors, countShort, count, Number, {
			definition: `all severities, ${over}`,
			sentence: `Error events of the last ${over}, of any severity.`,
			nothing: 'no event yet'
		})
	];
}

function figureText<T>(
	name: FigureName,
	term: string,
	figure: Figure<T>,
	short: (value: T) => string,
	exactly: (value: T) => string,
	size: (value: T) => number,
	text: { definition: string; sentence: string; nothing: string }
): FigureText {
	const { value, yesterday } = figure;
	const { definition, sentence } = text;
	if (value === null) {
		return {
			name,
			term,
			value: NO_DATA,
			exact: text.nothing,
			compared: text.nothing,
			trend: null,
			definition,
			sentence,
			noData: true
		};
	}
	const difference = yesterday === null ? null : size(value) - size(yesterday);
	return {
		name,
		term,
		value: short(value),
		exact: exactly(value),
		compared: yesterday === null ? 'yesterday: no data' : `yesterday ${short(yesterday)}`,
		trend: difference === null ? null : difference > 0 ? 'up' : difference < 0 ? 'down' : 'same',
		definition,
		sentence,
		noData: false
	};
}
