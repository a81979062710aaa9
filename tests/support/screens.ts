/**
 * What the pages about sessions, costs and errors say in their figures, and what SQL says of the same rows: both as
 * numbers, so that "two browsers agree with each other and with the tables" is one comparison.
 */
import type { Page } from 'playwright-core';
import type { Sql } from '../../src/lib/server/db/connect';

export const SCREENS = ['/sessions', '/costs', '/errors'] as const;
export type Screen = (typeof SCREENS)[number];
export type ScreenFigures = Record<string, number>;

/** Which of a page's figures are compared. */
const NAMES: Record<Screen, readonly string[]> = {
	'/sessions': ['Sessions'],
	'/costs': ['AI cost', 'Requests', 'Sessions', 'Completed'],
	'/errors': ['Errors', 'Groups', 'Sessions affected', 'Shops affected']
};

/** The figures that the page shows now; NaN of one that it does not show. */
export async function figuresOn(page: Page, screen: Screen): Promise<ScreenFigures> {
	const texts = await page.evaluate(textsIn);
	return Object.fromEntries(NAMES[screen].map((name) => [name, numberIn(texts[name])]));
}

/** Runs in the page. */
function textsIn(): Record<string, string> {
	const text = (element: Element | null | undefined) => element?.textContent ?? '';
	const texts: Record<string, string> = { Sessions: text(document.querySelector('#list')) };
	for (const figure of document.querySelectorAll('.figure')) {
		texts[text(figure.querySelector('h3'))] = text(figure.querySelector('.value'));
	}
	const definitions = [...document.querySelectorAll('.figure .definition')].map(text).join(' ');
	const counted = (pattern: RegExp) => pattern.exec(definitions)?.[1];
	const [requests, sessions, completed] = [/what ([\d,]+)\s+requests/, /the ([\d,]+)\s+sessions that/, /the ([\d,]+) completed/].map(counted); // prettier-ignore
	return {
		...texts,
		...(requests === undefined ? {} : { Requests: requests }),
		...(sessions === undefined ? {} : { Sessions: sessions }),
		...(completed === undefined ? {} : { Completed: completed })
	};
}

/** 1234.5 of "$1,234.50" and of "1,234.5 sessions", 12300 of "12.3K"; NaN of no number. */
export function numberIn(text: string | undefined): number {
	const [, digits, unit] = /([\d,]+(?:\.\d+)?)([KM])?/.exec(text ?? '') ?? [];
	return digits === undefined
		? NaN
		: Number(digits.replaceAll(',', '')) * (unit === 'K' ? 1e3 : unit === 'M' ? 1e6 : 1);
}

export interface Asked {
	/** The beginning of the page's range; its end is now. */
	from: Date;
	/** The page's filter, if it has one. */
	shop?: string;
}

/** What the page must show by the tables. */
export async function figuresBySql(sql: Sql, screen: Screen, { from, shop }: Asked): Promise<ScreenFigures> {
	const ofShop = shop === undefined ? sql`true` : sql`shop_domain = ${shop}`;
	const queries: Record<Screen, () => Promise<ScreenFigures[]>> = {
		'/sessions': () => sql`select count(*)::int as "Sessions" from sessions where started_at >= ${from} and ${ofShop}`,
		'/costs': () => sql`
			select round(sum(cost_usd), 2)::float8 as "AI cost", count(*)::int as "Requests",
				(select count(*)::int from sessions where started_at >= ${from} and ${ofShop}) as "Sessions",
				(select count(*)::int from sessions where started_at >= ${from} and ${ofShop} and status = 'completed') as "Completed"
			from ai_requests
			where occurred_at >= ${from} and ${ofShop}`,
		'/errors': () => sql`
			select count(*)::int as "Errors", count(distinct group_key)::int as "Groups",
				count(distinct session_id)::int as "Sessions affected", count(distinct nullif(shop_domain, ''))::int as "Shops affected"
			from error_events
			where occurred_at >= ${from} and ${ofShop}`
	};
	const [row] = await queries[screen]();
	if (!row) throw new Error('an aggregate gave no row');
	return { ...row };
}
