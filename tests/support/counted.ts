/**
 * What a page counts, and what it says of the rows that one of its numbers opens: read from the document, so that it is
 * the same with JavaScript and without. A number is right when the page behind its link counts as many, and lists them.
 */
import type { Page } from 'playwright-core';

/** A page as the server sends it to whoever runs no script. */
export interface Sent {
	html: string;
	/** Where it was found in the end, with what the address names on it. */
	href: string;
}

/** Asks for a page. What it says is read from its markup: showing hundreds of pages takes much longer than sending them. */
export async function send(address: string): Promise<Sent> {
	const answer = await fetch(address, { headers: { accept: 'text/html' } });
	return { html: await answer.text(), href: Object.assign(new URL(answer.url), { hash: new URL(address).hash }).href };
}

export interface Counted {
	/** Where the number stands: section, column or name. */
	place: string;
	text: string;
	/** Null where it opens nothing. */
	href: string | null;
}

/** A count as pages write it: 12, 1,234, ≥ 5. Shares, durations, amounts and dates are none. */
const COUNT = String.raw`^(?:at least |over |≥ |\+)?(\d[\d,]*)(?: (?!d\b|h\b|m\b|s\b|ms\b|min\b)[^\d%$]*)?$`;

/** All counts of the page's content, and the amounts that open something. @param sent read it in this page, in place of its own */
export function countsOn(page: Page, sent: Sent | null = null): Promise<Counted[]> {
	const given = [COUNT, sent?.html ?? null] as const;
	return page.evaluate(([pattern, html]) => {
		const read = html === null ? document : new DOMParser().parseFromString(html, 'text/html');
		const isCount = new RegExp(pattern);
		const textOf = (element: Element) => element.textContent.replaceAll(/\s+/g, ' ').trim();
		const found: Counted[] = [];
		const placeOf = (element: Element) => {
			const section = element.closest('section')?.querySelector('h2, h3');
			const cell = element.closest('td, th');
			const row = cell?.parentElement;
			const index = cell && row ? [...row.children].indexOf(cell) : -1;
			const column = cell?.closest('table')?.querySelector('thead tr')?.children[index];
			const figure = element.closest('.figure')?.querySelector('h3');
			const chart = element.closest('figure')?.querySelector('figcaption > span');
			const isSum = element.closest('tfoot') !== null;
			return [section, chart, figure, column]
				.flatMap((one) => (one ? [textOf(one)] : []))
				.concat(isSum ? ['sum'] : [])
				.join(' / ');
		};
		const add = (element: Element, link: HTMLAnchorElement | null) => {
			const href = link?.getAttribute('href') ?? null;
			found.push({ place: placeOf(element), text: textOf(element), href });
		};
		for (const link of read.querySelectorAll<HTMLAnchorElement>('main section a[href]')) {
			if (link.closest('nav, .empty, summary, figcaption')) continue;
			const text = textOf(link);
			if (isCount.test(text) || text.startsWith('$')) add(link, link);
		}
		// What stands alone in a cell or a figure, and is no link.
		for (const cell of read.querySelectorAll('main section :is(td, dd, .value, td .share > .number)')) {
			if (cell.querySelector('a, .share') || cell.closest('a')) continue;
			if (isCount.test(textOf(cell)) && textOf(cell) !== '0') add(cell, null);
		}
		return found;
	}, given);
}

export interface Opened {
	/** What the page says that it lists, or what its key figure says; null where it is the page of one thing. */
	count: string | null;
	/** What it says that its rows cost; '' where it does not. */
	cost: string;
	/** How many rows it shows; null where its rows are something else than what is counted. */
	rows: number | null;
}

/**
 * What a page that was opened by a number says. Lists say it in their pager, and have none when they are empty.
 * @param ofGroups whether the number counted groups rather than errors
 * @param sent read it in this page, in place of its own
 */
export function openedOn(page: Page, ofGroups: boolean, sent: Sent | null = null): Promise<Opened> {
	return page.evaluate(([areGroups, given]) => {
		const read = given === null ? document : new DOMParser().parseFromString(given.html, 'text/html');
		const { pathname, hash, searchParams } = new URL(given?.href ?? location.href);
		const textOf = (element: Element | null | undefined) => (element?.textContent ?? '').replaceAll(/\s+/g, ' ').trim();
		const figureOf = (name: string) => {
			const figures = [...read.querySelectorAll('.figure')];
			return textOf(figures.find((one) => textOf(one.querySelector('h3')) === name)?.querySelector('.value'));
		};
		const own = hash === '' ? null : read.querySelector(hash)?.closest('section');
		if (hash === '#shops' && own?.querySelector('nav') === null) {
			// What named no shop has a row of its own, and is no shop.
			const { length } = [...own.querySelectorAll('tbody tr')].filter((row) => textOf(row.querySelector('th')) !== 'No shop');
			return { count: String(length), cost: '', rows: length };
		}
		const isEmpty = read.querySelector('main .empty') !== null;
		if (pathname === '/costs') return { count: null, cost: isEmpty ? '$0.00' : figureOf('AI cost'), rows: null };
		if (pathname === '/errors' && searchParams.get('view') !== 'list' && !areGroups) {
			return { count: figureOf('Errors'), cost: '', rows: null };
		}
		if (pathname.startsWith('/sessions/') && own) {
			const { length } = own.querySelectorAll('tbody tr, :scope > ul > li');
			return { count: String(length), cost: '', rows: length };
		}
		if (/^\/errors\/|^\/shops\/|^\/sessions\//.test(pathname)) return { count: null, cost: '', rows: null };
		const pager = [...(own ?? read).querySelectorAll('nav[aria-label="Pages of the list"]')].at(-1);
		const cost = figureOf('AI cost');
		if (!pager) return { count: '0', cost, rows: 0 };
		const rows = pager.closest('section')?.querySelectorAll('tbody tr, :scope > ol > li').length ?? 0;
		return { count: / of (?:at least )?([\d,]+)/.exec(textOf(pager))?.[1] ?? '', cost, rows };
	}, [ofGroups, sent] as const);
} // prettier-ignore
