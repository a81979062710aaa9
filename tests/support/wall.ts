/**
 * What a Control Room shows, read as a screen reader would (regions, terms, links), and what it must show by the
 * tables. Both in the same form, so that "the wall equals SQL" is one comparison.
 */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';

/** How many rows the wall lists: what is above them must be right, the rest is counted or left out. */
const LISTED = { completions: 4, errors: 3 } as const;
const WINDOW = '24 hours';

export interface Wall {
	/** Ids, sorted. */
	active: string[];
	/** "Completed sess_1", the last one first. */
	completions: string[];
	/** "Critical CAMERA_DENIED", the last one first. */
	errors: string[];
	figures: Record<'Active sessions' | 'Success rate' | 'Active shops' | 'AI cost' | 'Errors', string>;
}

/** A part of the page by its name. */
export function region(page: Page, name: string | RegExp): Locator {
	return page.getByRole('region', { name, exact: true });
}

/** The status line that says how fresh the page is. */
export function connection(page: Page): Locator {
	return page.getByRole('status', { name: 'Connection' });
}

/** The link to a session in one of the regions. */
export function sessionLink(page: Page, name: string, sessionId: string): Locator {
	return region(page, name)
		.getByRole('link')
		.and(page.locator(`[href*="/sessions/${sessionId}"]`));
}

/** What the page shows now. */
export async function shown(page: Page): Promise<Wall> {
	const [active, completions, errors, figures] = await Promise.all([
		region(page, 'Active sessions').getByRole('listitem').getByRole('link').evaluateAll(linksOf),
		region(page, 'Recent completions').getByRole('listitem').getByRole('link').evaluateAll(linksOf),
		region(page, 'Latest errors').getByRole('listitem').allInnerTexts(),
		region(page, 'Key figures')
			.getByRole('term')
			.evaluateAll((terms) => terms.map((term) => [term.textContent, term.nextElementSibling?.textContent ?? '']))
	]);
	return {
		active: active.map(({ session }) => session).sort(),
		completions: completions.map(({ session, text }) => `${firstWords(text, 1)} ${session}`),
		errors: errors.map((text) => firstWords(text, 2)),
		figures: Object.fromEntries(figures) as Wall['figures']
	};
}

function linksOf(links: Element[]): { session: string; text: string }[] {
	return links.map((link) => ({
		session: decodeURIComponent(new URL((link as HTMLAnchorElement).href).pathname.replace('/sessions/', '')),
		text: (link as HTMLElement).innerText
	}));
}

function firstWords(text: string, count: number): string {
	return text.trim().split(/\s+/).slice(0, count).join(' ');
}

const ENDED: Record<string, string> = { completed: 'Completed', abandoned: 'Abandoned', error: 'Failed' };
const SEVERE: Record<string, string> = { critical: 'Critical', error: 'Error', warning: 'Warning' };

/** What a wall must show by the tables, for as long as nothing is committed. */
export async function expected(sql: Sql): Promise<Wall> {
	const active = await sql<{ session_id: string }[]>`
		select session_id from sessions where status = 'in_progress'`;
	const ended = await sql<{ session_id: string; status: string }[]>`
		select session_id, status
		from sessions
		where status <> 'in_progress'
		order by ended_at desc, session_id desc
		limit ${LISTED.completions}`;
	const errors = await sql<{ error_code: string; severity: string }[]>`
		select error_code, severity from errors order by occurred_at desc, id desc limit ${LISTED.errors}`;
	const [row] = await sql<{ active: number; rate: number | null; shops: number; cost: number; errors: number }[]>`
		select
			count(*) filter (where status = 'in_progress')::int as active,
			(
				100.0 * count(*) filter (where status = 'completed' and ended_at > now() - ${WINDOW}::interval)
					/ nullif(count(*) filter (where status <> 'in_progress' and ended_at > now() - ${WINDOW}::interval), 0)
			)::float8 as rate,
			count(distinct shop_domain) filter (where started_at > now() - ${WINDOW}::interval)::int as shops,
			(select coalesce(sum(cost_usd), 0)::float8 from ai_requests where occurred_at > now() - ${WINDOW}::interval) as cost,
			(select count(*)::int from errors where occurred_at > now() - ${WINDOW}::interval) as errors
		from sessions`;
	if (!row) throw new Error('an aggregate gave no row');
	return {
		active: active.map(({ session_id }) => session_id).sort(),
		completions: ended.map(({ session_id, status }) => `${ENDED[status] ?? status} ${session_id}`),
		errors: errors.map(({ error_code, severity }) => `${SEVERE[severity] ?? severity} ${error_code}`),
		figures: {
			'Active sessions': short(row.active),
			'Success rate': row.rate === null ? '–' : `${Number(row.rate.toFixed(1))}%`,
			'Active shops': short(row.shops),
			'AI cost': `$${amount(row.cost)}`,
			Errors: short(row.errors)
		}
	};
}

/** 1,234, and 12.3K from ten thousand on. */
function short(value: number): string {
	return value < 10_000
		? value.toLocaleString('en')
		: value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 });
}

/** 0.056, 12.34, 1,234, 12.3K. */
function amount(value: number): string {
	if (value >= 1_000) return short(value < 10_000 ? Math.round(value) : value);
	return value.toFixed(value > 0 && value < 0.1 ? 3 : 2).replace(/(\.\d\d)0$/, '$1');
}

/** Waits until the wall shows what the tables say; nothing must be committed meanwhile. */
export async function expectWallToEqualSql(page: Page, sql: Sql, timeout = 60_000): Promise<void> {
	const truth = await expected(sql);
	await expect.poll(() => shown(page), { timeout, interval: 25 }).toEqual(truth);
}

/** Waits until the page says that it is live. */
export async function expectLive(page: Page, timeout = 60_000): Promise<void> {
	await expect.poll(() => connection(page).innerText(), { timeout, interval: 25 }).toMatch(/^\s*Live\b/);
}
