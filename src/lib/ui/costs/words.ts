/** How the words of AI requests, and amounts beside others, are written. */
import type { Decimal } from '$lib/live/messages';
import { money, moneyColumn, moneyExact, share } from '../format';
import { readable, requestSign, shopName, stepLabel } from '../words';

const CHART_DECIMALS = 6;

/** A word of an AI request as a person reads it; what has none is said to. */
export function requestWord(kind: string, word: string): string {
	if (word === '') return '(none)';
	if (kind === 'status') return requestSign(word).word;
	if (kind === 'step') return stepLabel(word);
	if (kind === 'shop') return shopName(word) ?? word;
	return kind === 'regeneration' || kind === 'operation' ? readable(word) : word;
}

/** "was $3.20, +12%": an amount beside the one before it. */
export function besideBefore(now: Decimal, before: Decimal): string {
	const [value, was] = [Number(now), Number(before)];
	if (was === 0) return value === 0 ? 'nothing before either' : 'nothing in the range before';
	const change = (value - was) / was;
	const sign = change > 0 ? '+' : change < 0 ? '−' : '±';
	return `${sign}${share(Math.abs(change))}, was ${money(before)}`;
}

/** For charts, whose values are floats: to a millionth of a dollar, as far as a float of such an amount is exact. */
export function chartMoney(value: number): string {
	return moneyExact(value.toFixed(CHART_DECIMALS));
}

/** The same for the values of a column. */
export function chartMoneyColumn(values: readonly (number | null)[]): (value: number) => string {
	const column = moneyColumn(values.map((value) => value?.toFixed(CHART_DECIMALS) ?? null));
	return (value) => column(value.toFixed(CHART_DECIMALS));
}

/** What part of a whole, for a bar or a share: the one place where amounts become floats. */
export function partOf(value: Decimal, whole: Decimal): number {
	const all = Number(whole);
	return all > 0 ? Number(value) / all : 0;
}
