/**
 * Screens agree: a page in two browsers and the wall, while 500 events a second come in. From the 200 for a change (a
 * session that ends, an AI request with its cost, an error) to the moment at which each of the three shows it in its
 * DOM; and whether all three show what SQL says when it has become quiet.
 *
 * Each page keeps a record of what it said and when, made by a MutationObserver; it is judged afterwards. All clocks are
 * this machine's.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import type { Sql } from '../../src/lib/server/db/connect';
import { writeHistory } from '../../src/simulate/history';
import { launchChromium } from '../support/chromium';
import { figuresBySql, figuresOn, numberIn, type Screen } from '../support/screens';
import { expected, shown } from '../support/wall';
import { machine, quantile, table } from './figures';
import { runLoad } from './load';
import { openStage } from './stage';

const RATE = 500;
const DAY_MS = 86_400_000;
const HISTORY_MS = 7 * DAY_MS;
const WARM_UP_MS = 4_000;
/** Changes come in this rhythm, give or take two fifths: at any moment of a page's own rhythm. */
const CHANGE_EVERY_MS = 1_000;
const PATIENCE_MS = 10_000;
/** Above all that the load costs meanwhile. */
const DEAR_USD = 1_000;
const SHOP = 'agree.example';
const run = randomBytes(3).toString('hex');

/** What a page said from some moment on. */
type Said = [at: number, text: string];

interface Change {
	/** From 1. */
	number: number;
	/** When it happened, as its event says. */
	at: number;
	answeredAt: number;
}

interface Kind {
	name: string;
	screen: Screen;
	/** Of which shop the page is; of all without. */
	shop?: string;
	/** What must be there before. */
	before: (changes: number) => object[];
	event: (change: number, at: number) => object;
	/** Run in the page and on the wall: the words that are judged. */
	onPage: () => string;
	onWall: () => string;
	/** Do these words show the change? `first` is what was said before all changes. */
	pageShows: (text: string, change: Change, first: string) => boolean;
	wallShows: (text: string, change: Change, first: string) => boolean;
}

const told = (type: string, sessionId: string, at: number, data: object) => ({
	id: `${sessionId} ${type}`, type, sessionId, shopDomain: SHOP, timestamp: new Date(at).toISOString(), data
}); // prettier-ignore
const dear = (text: string, { number }: Change, first: string) => numberIn(text) - numberIn(first) > (number - 0.5) * DEAR_USD; // prettier-ignore

/** A list of the wall shows a change, or only later ones. */
function inList(text: string, name: string, at: number): boolean {
	const rows = JSON.parse(text) as { text: string; at: number }[];
	return rows.some((row) => row.text.includes(name)) || (rows.length > 0 && rows.every((row) => row.at > at));
}

const KINDS: readonly Kind[] = [
	{
		name: 'a session ends',
		screen: '/sessions',
		// The list of all sessions shows new ones only when it is asked to.
		shop: SHOP,
		before: (changes) =>
			Array.from({ length: changes }, (_, n) =>
				told('session_started', `ends_${run}_${n + 1}`, Date.now() - 60_000 + n, { productTitle: `Sofa no. ${n + 1}.` })
			),
		event: (change, at) => told('session_ended', `ends_${run}_${change}`, at, { status: 'completed' }),
		onPage: () =>
			[...document.querySelectorAll('tbody tr')]
				.map((row) => row.textContent)
				.filter((text) => text.includes('Completed'))
				.map((text) => /Sofa no\. \d+\./.exec(text)?.[0])
				.join(),
		onWall: () => newest('Recent completions'),
		pageShows: (text, { number }) => text.includes(`Sofa no. ${number}.`),
		wallShows: (text, { number, at }) => inList(text, `Sofa no. ${number}.`, at)
	},
	{
		name: 'an AI request costs',
		screen: '/costs',
		before: () => [told('session_started', `costs_${run}`, Date.now() - 60_000, {})],
		event: (change, at) =>
			Object.assign(told('ai_request', `costs_${run}`, at, { requestId: `${run}_${change}`, status: 'success', costUsd: DEAR_USD }), {
				id: `costs_${run} ${change}`
			}), // prettier-ignore
		onPage: () => document.querySelector('.figure .value')?.textContent ?? '',
		onWall: () => document.querySelectorAll('[aria-label="Key figures"] .value')[3]?.textContent ?? '',
		pageShows: dear,
		wallShows: dear
	},
	{
		name: 'an error',
		screen: '/errors',
		before: () => [],
		event: (change, at) =>
			told('error', `errs_${run}_${change}`, at, { errorCode: `E_${run}_${change}.`, severity: 'critical' }),
		onPage: () => document.querySelectorAll('.figure .value')[1]?.textContent ?? '',
		onWall: () => newest('Latest errors'),
		// Each is a group of its own.
		pageShows: (text, { number }, first) => numberIn(text) - numberIn(first) >= number,
		wallShows: (text, { number, at }) => inList(text, `E_${run}_${number}.`, at)
	}
];

/** Runs in the page, where it is defined beside what calls it. */
function newest(list: string): string {
	const rows = [...document.querySelectorAll(`[aria-label="${list}"] li`)];
	return JSON.stringify(
		rows.map((row) => ({
			text: row.textContent,
			at: Date.parse(row.querySelector('time')?.getAttribute('datetime') ?? '')
		}))
	);
}

/** Prints a table of the pages, and whether all agreed in the end. */
export async function benchAgree({ events, changes }: { events: number; changes: number }): Promise<void> {
	const stage = await openStage();
	const browser = await launchChromium();
	const rows: string[][] = [];
	try {
		const { url, sql } = await stage.database('agree');
		const options = { seed: 'agree', shops: 30, events, spanMs: HISTORY_MS };
		const output = { write: () => undefined, isTTY: false };
		await writeHistory(options, { sql, url, sessionTimeoutMs: 600_000 }, output, new AbortController().signal);
		await sql.unsafe('vacuum analyze');
		const { address } = await stage.product(url);
		for (const kind of KINDS) {
			for (const row of await measure(browser, { address, sql, kind, changes })) {
				rows.push(row);
				process.stderr.write(`${row.join(' ')}\n`);
			}
		}
	} finally {
		await browser.close();
		await stage.close();
	}
	const header = ['change', 'screen', 'p50 ms', 'p95 ms', 'max ms', 'never seen', 'all agree after the load, ms'];
	process.stdout.write(
		`npm run bench -- agree --events ${events} --changes ${changes}\n${machine()}\n${RATE} events/s\n\n${table(header, rows)}\n`
	);
}

interface Scene {
	address: string;
	sql: Sql;
	kind: Kind;
	changes: number;
}

async function measure(browser: Browser, { address, sql, kind, changes }: Scene): Promise<string[][]> {
	for (const event of kind.before(changes)) await post(address, event);
	const from = new Date(Date.now() - HISTORY_MS + DAY_MS / 2);
	const onPage = `${address}${kind.screen}?from=${from.toISOString()}${kind.shop === undefined ? '' : `&shop=${kind.shop}`}`;
	const [one, other, wall] = await Promise.all([open(browser, onPage), open(browser, onPage), open(browser, address)]);
	let loads = true;
	const load = runLoad({ address, rate: RATE, goesOn: () => loads });
	await pause(WARM_UP_MS);
	const screens = [
		{ name: 'browser 1', page: one, shows: kind.pageShows },
		{ name: 'browser 2', page: other, shows: kind.pageShows },
		{ name: 'wall', page: wall, shows: kind.wallShows }
	];
	for (const { page, name } of screens) await record(page, name === 'wall' ? kind.onWall : kind.onPage);
	const made: Change[] = [];
	for (let number = 1; number <= changes; number++) {
		await pause(CHANGE_EVERY_MS * (0.6 + 0.8 * Math.random()));
		const at = Date.now();
		await post(address, kind.event(number, at));
		made.push({ number, at, answeredAt: Date.now() });
	}
	await pause(PATIENCE_MS / 2);
	loads = false;
	const { failed } = await load;
	if (failed > 0) throw new Error(`${failed} requests failed`);
	const agreeMs = await untilAllAgree([one, other], wall, { sql, kind, from });
	const rows = [];
	for (const { name, page, shows } of screens) {
		const said = await page.evaluate(() => window.said);
		const first = said[0]?.[1] ?? '';
		const seen = made.map((change) => {
			const found = said.find(([at, text]) => at >= change.at && shows(text, change, first));
			return found ? Math.max(0, found[0] - change.answeredAt) : Infinity;
		});
		const at = (part: number) => quantile(seen, part).toFixed(0);
		const never = seen.filter((ms) => ms === Infinity).length;
		rows.push([kind.name, name, at(0.5), at(0.95), at(1), String(never), agreeMs === null ? 'never' : String(agreeMs)]);
		await page.context().close();
	}
	return rows;
}

async function open(browser: Browser, address: string): Promise<Page> {
	const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
	const page = await context.newPage();
	await page.goto(address);
	await page.getByRole('status', { name: 'Connection' }).getByText(/^Live/).waitFor();
	return page;
}

declare global {
	interface Window {
		said: Said[];
	}
}

/** Has the page write down what it says, at once and whenever that changes. */
async function record(page: Page, words: () => string): Promise<void> {
	await page.evaluate(`globalThis.newest = ${newest.toString()}`);
	const handle = await page.evaluateHandle(`(${words.toString()})`);
	await page.evaluate((say) => {
		const look = () => {
			const text = (say as () => string)();
			if (window.said.at(-1)?.[1] !== text) window.said.push([Date.now(), text]);
		};
		window.said = [];
		look();
		new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true }); // prettier-ignore
	}, handle);
}

async function post(address: string, event: object): Promise<void> {
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body: JSON.stringify(event) });
	await answer.arrayBuffer();
	if (!answer.ok) throw new Error(`a change was answered with ${answer.status}`);
}

interface Truth {
	sql: Sql;
	kind: Kind;
	from: Date;
}

/** How long it takes until both pages and the wall say what SQL says; null when they don't. */
async function untilAllAgree(pages: Page[], wall: Page, { sql, kind, from }: Truth): Promise<number | null> {
	const began = Date.now();
	const asked = { from, ...(kind.shop === undefined ? {} : { shop: kind.shop }) };
	const [page, room] = await Promise.all([figuresBySql(sql, kind.screen, asked), expected(sql)]);
	for (;;) {
		const said = await Promise.all(pages.map((one) => figuresOn(one, kind.screen)));
		const { figures } = await shown(wall);
		const ms = Date.now() - began;
		if (said.every((one) => isDeepStrictEqual(one, page)) && isDeepStrictEqual(figures, room.figures)) return ms;
		if (ms > PATIENCE_MS) {
			process.stderr.write(`They differ: ${JSON.stringify({ said, page, wall: figures, room: room.figures })}\n`);
			return null;
		}
		await pause(20);
	}
}
