/**
 * Markup and script addresses in every field of every event, in the client's own header and in what administrators name:
 * on every page in a real browser they stay text. An element made of them, an address that would run, a dialog, or anything
 * that the page's policy had to stop is a failure (the last by tests/support/browser.ts).
 */
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { EVENT_DATA } from '../../src/lib/events/families';
import { SEVERITIES, STEPS } from '../../src/lib/events/vocabulary';
import { POLICY } from '../../src/lib/server/access/policy';
import { faultsOf, useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD, PASSWORD, send } from '../support/door';
import { useProcess } from '../support/process';
import { expectLive } from '../support/wall';

const HOSTILE = [
	'<img data-hostile src=x onerror=alert(1)>',
	'"\'><script data-hostile>alert(1)</script>',
	'</script></title></textarea><svg data-hostile onload=alert(1)>',
	'{{constructor.constructor("alert(1)")()}}',
	'<a data-hostile href="javascript:alert(1)">a</a>',
	'javascript:alert(1)//',
	'data:text/html,<script data-hostile>alert(1)</script>'
];
const DEVICE = ['deviceType', 'os', 'osVersion', 'browser', 'browserVersion', 'screenWidth', 'connectionType', 'language', 'anything']; // prettier-ignore

const openPage = useBrowser();
let database: TestDatabase;
const room = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0', ADMIN_PASSWORD };
});
afterAll(() => database.drop());

/** All types with all their fields; where words decide what is shown, once with the words that are known. */
function eventsOf(hostile: string, isReadable: boolean, session: string): object[] {
	const known = { step: STEPS[1], status: 'completed', severity: SEVERITIES[0], group: undefined };
	return [...Object.entries(EVENT_DATA), ['<b data-hostile>made up', { shape: { any: null } }] as const].map(
		([type, { shape }]) => ({
			type: isReadable ? type : `${type}${hostile}`.slice(0, 200),
			sessionId: session,
			shopDomain: isReadable ? 'hostile.example' : hostile,
			timestamp: new Date().toISOString(),
			data: {
				...Object.fromEntries([...Object.keys(shape), hostile].map((name) => [name, hostile])),
				...(isReadable ? known : {}),
				...(isReadable && type === 'session_ended' ? { status: 'error' } : {})
			},
			deviceContext: Object.fromEntries(DEVICE.map((name) => [name, hostile])),
			[hostile]: hostile
		})
	);
}

async function post(events: readonly unknown[], agent: string): Promise<void> {
	const answer = await fetch(`${room().address}/api/analytics/events`, { method: 'POST', headers: { 'user-agent': agent, referer: agent }, body: JSON.stringify(events) }); // prettier-ignore
	expect(answer.status).toBe(200);
}

/** What has become of the texts on a page. Runs in it. */
function found(): string[] {
	const urls = ['href', 'src', 'action', 'formaction', 'xlink:href', 'srcdoc', 'data'];
	return [...document.querySelectorAll('*')].flatMap((element) => {
		const isMade = element.hasAttribute('data-hostile');
		const runs = element.getAttributeNames().filter((name) => name.startsWith('on') || (urls.includes(name) && /^\s*(javascript|data:text|vbscript)/i.test(element.getAttribute(name) ?? ''))); // prettier-ignore
		return isMade || runs.length > 0 ? [element.outerHTML.slice(0, 200)] : [];
	});
}

/** Every page that the policy knows, its parameters from what was sent. */
async function pages(sessions: readonly string[]): Promise<string[]> {
	const groups = await database.sql<{ group: string }[]>`select distinct group_key as group from error_events`;
	expect(groups.length).toBeGreaterThan(2);
	const values: Record<string, readonly string[]> = {
		'[sessionId]': sessions,
		'[group]': [...groups.map(({ group }) => group), HOSTILE[0] ?? ''],
		'[domain]': ['hostile.example', ...HOSTILE]
	};
	const ids = Object.keys(POLICY).filter((id) => !id.startsWith('/api/') && id !== '/logout' && id !== '/audit/csv');
	const all = ids.flatMap((id) => {
		const [parameter] = /\[\w+\]/.exec(id) ?? [];
		if (parameter === undefined) return [id];
		return (values[parameter] ?? []).map((value) => id.replace(parameter, encodeURIComponent(value)));
	});
	const asked = encodeURIComponent(HOSTILE[0] ?? '');
	return [...all, '/?kiosk=1', '/errors?view=list', `/search?q=${asked}`, `/sessions?shop=${asked}&status=${asked}&from=${asked}`, `/login?to=${encodeURIComponent('javascript:alert(1)')}`, `/${asked}`]; // prettier-ignore
}

describe('markup and script addresses', () => {
	it('in every field of every event, and in every name, are text on every page', async () => {
		const { address } = room();
		const { cookie } = await send(`${address}/login`, { name: 'admin', password: PASSWORD });
		const page = await openPage('about:blank');
		const dialogs: string[] = [];
		page.on('dialog', (dialog) => {
			dialogs.push(dialog.message());
			void dialog.dismiss();
		});
		await page.context().addCookies([{ name: 'login', value: cookie.replace('login=', ''), url: address }]);

		// A wall is watched while they come.
		await page.goto(address);
		await expectLive(page);
		const sessions: string[] = [];
		for (const hostile of HOSTILE) {
			for (const isReadable of [true, false]) {
				const session = isReadable ? `readable ${sessions.length}` : hostile;
				sessions.push(session);
				await post(eventsOf(hostile, isReadable, session), hostile);
			}
			await post([{ rejected: hostile }, hostile], hostile);
			const named = { name: hostile, which: 'some', kind: 'server', scope: 'read' };
			for (const [path, more] of [
				['/screens?/create', { shops: hostile }],
				['/keys?/create', {}],
				['/keys?/token', {}]
			] as const) {
				const { status } = await send(address + path, { ...named, ...more }, { cookie });
				expect([path, status]).toEqual([path, 200]);
			}
		}
		// Names that no form takes.
		await database.sql`
			insert into users (id, name, role, shops)
			select md5(name), lower(name), 'viewer', array[name] from unnest(${HOSTILE}::text[]) as name`;
		await database.sql`
			insert into invitations (id, token_hash, name, role, shops, created_by, expires_at)
			select md5(name), decode(md5(name), 'hex'), name, 'viewer', array[name], name, now() + interval '1 day'
			from unnest(${HOSTILE}::text[]) as name`;
		await database.sql`
			insert into audit (actor_kind, actor, address, action, object, detail)
			select text, text, text, text, text, jsonb_build_object(text, text) from unnest(${HOSTILE}::text[]) as text`;
		await expect.poll(() => page.getByText(HOSTILE[0] ?? '').count()).toBeGreaterThan(0);
		expect(await page.evaluate(found)).toEqual([]);

		for (const path of await pages(sessions)) {
			const answer = await page.goto(address + path, { waitUntil: 'load' });
			expect([path, answer?.status()]).toEqual([path, expect.toSatisfy((status: number) => status < 500)]);
			expect([path, new URL(page.url()).origin]).toEqual([path, address]);
			expect([path, await page.evaluate(found)]).toEqual([path, []]);
		}
		expect(dialogs).toEqual([]);
	});

	it('that a page did take over would not go unnoticed: what its policy stops is a fault in every test with a browser', async () => {
		const browser = (await openPage('about:blank')).context().browser();
		if (browser === null) throw new Error('a page of a browser has one');
		const context = await browser.newContext();
		onTestFinished(() => context.close());
		const faults = await faultsOf(context);
		const page = await context.newPage();
		await page.goto(`${room().address}/login`);
		expect(faults).toEqual([]);
		await page.evaluate(() => {
			document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title = 1">');
			document.body.insertAdjacentHTML('beforeend', '<img src="https://elsewhere.example/x">');
			document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 2' }));
		});
		for (const stopped of [
			/violates script-src-attr: inline/,
			/violates img-src: https:\/\/elsewhere\.example/,
			/violates script-src-elem: inline/
		])
			// prettier-ignore
			await expect.poll(() => faults.join('\n')).toMatch(stopped);
		expect(await page.title()).not.toMatch(/^[12]$/);
	});
});
