/**
 * What a page costs its reader's machine: JavaScript as it comes over the wire, the largest contentful paint and layout
 * shifts, in a real Chromium with a processor four times slower than this one. Each page is opened in a fresh context,
 * so that nothing is in a cache of the browser; the first visit, when nothing is in one of the server either, stands by
 * itself.
 */
import type { Browser } from 'playwright-core';
import { writeHistory } from '../../src/simulate/history';
import { launchChromium } from '../support/chromium';
import { namesIn } from '../support/history';
import { machine, median, spread, table } from './figures';
import { pageAddresses } from './pages';
import { openStage } from './stage';

const EVENTS = 50_000;
const SLOWER = 4;
const WALL = { width: 1920, height: 1080 };
const DESK = { width: 1440, height: 900 };
const SETTLED_MS = 1_500;
const HEADER = ['Page', 'JavaScript, kB with gzip', 'First visit, ms', 'Largest contentful paint, ms', 'Largest layout shift']; // prettier-ignore

interface Cost {
	scriptBytes: number;
	largestPaintMs: number;
	shift: number;
}

/** Prints a table of the pages. */
export async function benchPaint({ rounds }: { rounds: number }): Promise<void> {
	const stage = await openStage();
	const browser = await launchChromium();
	try {
		const { url, sql } = await stage.database('paint');
		const options = { seed: 'paint', shops: 30, events: EVENTS, spanMs: 7 * 86_400_000 };
		const output = { write: () => undefined, isTTY: false };
		await writeHistory(options, { sql, url, sessionTimeoutMs: 600_000 }, output, new AbortController().signal);
		const { address } = await stage.product(url);
		const rows: string[][] = [];
		for (const [page, path] of pageAddresses(await namesIn(sql))) {
			if (page.includes('now-90d')) continue;
			const first = await open(browser, address + path);
			const costs: Cost[] = [];
			for (let round = 0; round < rounds; round++) costs.push(await open(browser, address + path));
			rows.push([
				page,
				spread([median(costs.map(({ scriptBytes }) => scriptBytes / 1000))]),
				spread([first.largestPaintMs]),
				spread(costs.map(({ largestPaintMs }) => largestPaintMs)),
				spread([Math.max(first.shift, ...costs.map(({ shift }) => shift))], 4)
			]);
			process.stderr.write(`${rows.at(-1)?.join(' ')}\n`);
		}
		process.stdout.write(
			`${machine()}, Chromium ${browser.version()}, processor slowed ${SLOWER} times, ${rounds} rounds, ${EVENTS} events\n\n` +
				`${table(HEADER, rows)}\n`
		);
	} finally {
		await browser.close();
		await stage.close();
	}
}

async function open(browser: Browser, address: string): Promise<Cost> {
	const context = await browser.newContext({
		viewport: new URL(address).pathname === '/' ? WALL : DESK,
		// To a machine's own servers browsers would offer better, which plain HTTP elsewhere does not have.
		extraHTTPHeaders: { 'accept-encoding': 'gzip' }
	});
	try {
		const page = await context.newPage();
		const tools = await context.newCDPSession(page);
		await tools.send('Network.enable');
		await tools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
		const scripts = new Set<string>();
		let scriptBytes = 0;
		tools.on('Network.responseReceived', ({ requestId, type }) => {
			if (type === 'Script') scripts.add(requestId);
		});
		tools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
			if (scripts.has(requestId)) scriptBytes += encodedDataLength;
		});
		await page.goto(address, { waitUntil: 'load' });
		const seen = await page.evaluate(async (settledMs) => {
			let largestPaintMs = 0;
			let shift = 0;
			new PerformanceObserver((list) => {
				for (const entry of list.getEntries()) largestPaintMs = entry.startTime;
			}).observe({ type: 'largest-contentful-paint', buffered: true });
			new PerformanceObserver((list) => {
				for (const entry of list.getEntries()) if ('value' in entry) shift += Number(entry.value);
			}).observe({ type: 'layout-shift', buffered: true });
			await new Promise((resolve) => setTimeout(resolve, settledMs));
			return { largestPaintMs, shift };
		}, SETTLED_MS);
		return { scriptBytes, ...seen };
	} finally {
		await context.close();
	}
}
