/**
 * The queries that people have run from the beginning, word for word, on what the process stored. Whoever keeps them in
 * a notebook must not have to touch them.
 */
import { expect, it, onTestFinished } from 'vitest';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';

const FOR_A_SESSION = `
SELECT * FROM analytics_events 
WHERE session_id = 'sess_...' 
ORDER BY server_timestamp;`;
const USER_ACTIONS = `
SELECT * FROM analytics_events 
WHERE event_type = 'user_action';`;
const ERRORS = `
SELECT * FROM analytics_events 
WHERE event_type = 'error';`;
const FOR_A_SHOP = `
SELECT * FROM analytics_events 
WHERE shop_domain = 'example.myshopify.com'
ORDER BY server_timestamp DESC;`;

it('runs the four queries of old as they are written', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const shop = 'example.myshopify.com';
	const other = 'other.myshopify.com';
	// One after the other, so that each has a server time of its own.
	for (const [type, sessionId, shopDomain, data] of [
		['session_started', 'sess_...', shop, { productId: 'p1' }],
		['user_action', 'sess_...', shop, { action: 'retake_photo', step: 'room_capture' }],
		['error', 'sess_...', shop, { errorCode: 'E1' }],
		['error', 'sess_2', other, { errorCode: 'E2' }],
		['ar_button_click', undefined, shop, { productId: 'p2' }],
		['user_action', 'sess_2', other, { action: 'help_click' }]
	] as const) {
		const timestamp = new Date().toISOString();
		const answer = await fetch(`${address}/api/analytics/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'user-agent': 'a browser' },
			body: JSON.stringify({ events: [{ type, sessionId, shopDomain, timestamp, data }] })
		});
		expect(await answer.json()).toMatchObject({ accepted: 1 });
		await expect.poll(() => new Date().toISOString()).not.toBe(timestamp);
	}

	const types = async (query: string) =>
		(await database.sql.unsafe<{ event_type: string }[]>(query)).map((row) => row.event_type);
	expect(await types(FOR_A_SESSION)).toEqual(['session_started', 'user_action', 'error']);
	expect(await types(USER_ACTIONS)).toEqual(['user_action', 'user_action']);
	expect(await types(ERRORS)).toEqual(['error', 'error']);
	expect(await types(FOR_A_SHOP)).toEqual(['ar_button_click', 'error', 'user_action', 'session_started']);

	const [row] = await database.sql.unsafe(FOR_A_SESSION);
	expect(row).toMatchObject({
		event_type: 'session_started',
		session_id: 'sess_...',
		shop_domain: shop,
		data: { productId: 'p1' },
		user_agent: 'a browser',
		ip: '127.0.0.1'
	});
	expect(row?.['client_timestamp']).toBeInstanceOf(Date);
	expect(row?.['server_timestamp']).toBeInstanceOf(Date);
});
