/** The pages about shops, in the real process and a real browser. */
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive } from '../support/wall';

const openPage = useBrowser();

async function looksRight(url: string): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		const page = await openPage(url, { colorScheme, viewport: { width: 390, height: 844 } });
		expect(await axeFindings(page)).toEqual([]);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
	}
}

const ODD = '<b>ü שלום/..?#';

describe('the pages about shops', () => {
	it('list shops as they appear, and lead to each, whatever it is called; one that nobody named is not found', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/shops`);
		await page.getByText('No shops yet.').waitFor();
		await expectLive(page);
		await post(address, [
			{ type: 'session_started', sessionId: 's1', shopDomain: ODD, data: { productTitle: '<i>'.repeat(500) } },
			...['the mask is empty', 'the mask is too small'].map((errorMessage) => ({
				type: 'error',
				sessionId: 's1',
				shopDomain: ODD,
				data: { errorCode: 'E1', errorMessage }
			})),
			{ type: 'session_started', sessionId: 's2', shopDomain: 'b.example', data: {} }
		]);
		await page.getByRole('link', { name: ODD }).waitFor();
		expect(
			(await fetch(`${address}/api/v1/shops?format=csv`).then((answer) => answer.text())).split('\r\n')
		).toHaveLength(4);
		await looksRight(`${address}/shops`);
		await page.keyboard.press('/');
		await page.keyboard.type('b.ex');
		await page.keyboard.press('Enter');
		await page.waitForURL('**/shops?q=b.ex');
		await page.getByText('1–1 of 1 shop').waitFor();
		await page.goBack();
		await page.getByText('1–2 of 2 shops').waitFor();
		await page.getByRole('link', { name: ODD }).click();
		await page.getByRole('heading', { level: 1, name: ODD }).waitFor();
		const groups = page.getByRole('region', { name: 'Errors, grouped' }).getByRole('rowheader');
		expect((await groups.allInnerTexts()).map((text) => text.split(/\s*\n/)).sort()).toEqual([
			['E1', 'the mask is empty'],
			['E1', 'the mask is too small']
		]);
		const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
		const file = await (await fetch(address + href)).text();
		const sums = file.trimEnd().split('\r\n').slice(1).map((line) => line.split(',').slice(2).map(Number)); // prettier-ignore
		const inAll = sums.reduce((all, line) => all.map((sum, index) => sum + (line[index] ?? 0)));
		expect(inAll).toEqual([1, 1, 0, 0, 0, 2]);
		await looksRight(page.url());
		expect((await fetch(`${address}/shops/nobody.example`)).status).toBe(404);
	});

	it('are filtered without JavaScript', async () => {
		const { address } = await startRoom();
		await post(address, [
			{ type: 'session_started', sessionId: 's1', shopDomain: 'a.example', data: {} },
			{ type: 'ping', shopDomain: 'b.example', data: {} }
		]);
		const page = await openPage(`${address}/shops?from=now-24h&active=1`, { javaScriptEnabled: false });
		expect(await page.getByText('1–1 of 1 shop').count()).toBe(1);
		expect(await page.getByRole('link', { name: 'a.example' }).count()).toBe(1);
	});
});
