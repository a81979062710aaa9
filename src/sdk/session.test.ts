/** What a shop says, in the new words and in those of the deployed client, and what is sent for it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeServer, type FakeServer } from '../../tests/support/sdk-server';
import { EVENT_DATA } from '../lib/events/families';
import { getAnalytics, initAnalytics, SeeItAnalytics } from './compat';
import { createClient } from './index';

const CONFIG = { endpoint: 'http://127.0.0.1/api/analytics/events', shopDomain: 'a.myshopify.com' };
let server: FakeServer;

beforeEach(() => {
	vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 10) });
	server = fakeServer();
	vi.stubGlobal('fetch', server.fetch);
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

/** What was sent, as type and data, each of which is as the contract describes it. */
function sent(): [type: string, data: Record<string, unknown>][] {
	return [...server.stored.values()].map(({ type, data }) => {
		if (type in EVENT_DATA) EVENT_DATA[type as keyof typeof EVENT_DATA].parse(data);
		return [type, data];
	});
}

describe('a session', () => {
	it('knows how long its steps and it have lasted, and in which step things happen', async () => {
		const client = createClient(CONFIG);
		const session = client.session();
		session.start({ productId: 'p1', productTitle: 'Walnut sideboard', productPrice: 1299 });
		session.step('room_capture').start();
		vi.advanceTimersByTime(800);
		session.userAction('retake_photo');
		session.step('room_capture').complete({ retakeCount: 1 });
		session.step('mask').skip();
		session.step('inpaint').start();
		const requestId = session.aiRequest({ provider: 'fal', model: 'flux', status: 'pending' });
		session.aiRequest({ requestId, status: 'failed' });
		session.regenerationRequested({ reason: 'quality_fail' });
		session.step('inpaint').fail(new RangeError('no colours'), { errorCode: 'AI_COLOURS' });
		session.error('AI_DOWN', { severity: 'critical' });
		session.postArAction('leave');
		vi.advanceTimersByTime(150);
		session.end('abandoned');
		session.end('completed');
		await client.flush();
		expect(sent()).toMatchObject([
			['session_started', { productTitle: 'Walnut sideboard' }],
			['step_update', { step: 'room_capture', status: 'started' }],
			['user_action', { action: 'retake_photo', step: 'room_capture' }],
			['step_update', { step: 'room_capture', status: 'completed', durationMs: 800, retakeCount: 1 }],
			['step_update', { step: 'mask', status: 'skipped' }],
			['step_update', { step: 'inpaint', status: 'started' }],
			['ai_request', { requestId, status: 'pending', step: 'inpaint' }],
			['ai_request', { requestId, status: 'failed', step: 'inpaint' }],
			['regeneration_requested', { reason: 'quality_fail', step: 'inpaint' }],
			['step_update', { status: 'failed', durationMs: 0, errorCode: 'AI_COLOURS', errorMessage: 'no colours' }],
			['error', { errorCode: 'AI_DOWN', severity: 'critical', step: 'inpaint' }],
			['post_ar_action', { action: 'leave' }],
			['session_ended', { status: 'abandoned', durationMs: 950, abandonmentStep: 'inpaint' }]
		]);
		expect(new Set([...server.stored.values()].map(({ sessionId }) => sessionId))).toEqual(new Set([session.id]));
	});

	it('tells of anything that was thrown', async () => {
		const client = createClient(CONFIG);
		const session = client.session();
		for (const thrown of [new TypeError('x'), 'CODE', { errorCode: 'A', severity: 'warning' }, undefined, null, 3]) {
			session.error(thrown);
		}
		await client.flush();
		expect(sent()).toMatchObject([
			[
				'error',
				{ errorCode: 'TypeError', errorMessage: 'x', stack: expect.stringContaining('TypeError: x') as string }
			],
			['error', { errorCode: 'CODE', severity: 'error' }],
			['error', { errorCode: 'A', severity: 'warning' }],
			['error', { severity: 'error' }],
			['error', { severity: 'error' }],
			['error', { severity: 'error' }]
		]);
	});

	it('goes on under the id that it had on an earlier page', async () => {
		const client = createClient(CONFIG);
		client.session('sess_earlier').step('final').complete();
		await client.flush();
		expect([...server.stored.values()]).toMatchObject([{ sessionId: 'sess_earlier', data: { step: 'final' } }]);
		expect(sent()[0]?.[1]).not.toHaveProperty('durationMs');
	});
});

describe('outside of a session', () => {
	it('come impressions, clicks, actions and product set-up', async () => {
		const client = createClient(CONFIG);
		client.buttonImpression({ productId: 1 });
		client.buttonClick({ productId: 1 });
		client.postArAction('add_to_cart', { productId: 1 });
		client.setupStarted({ productId: 1 });
		client.imagePrepared({ productId: 1, method: 'auto', processingTimeMs: 3 });
		client.setupAbandoned({ productId: 1, abandonedAt: 'mask' });
		client.setupCompleted({ productId: 1 });
		await client.flush();
		expect(sent().map(([type]) => type)).toEqual([
			'ar_button_impression',
			'ar_button_click',
			'post_ar_action',
			'setup_started',
			'image_prepared',
			'setup_abandoned',
			'setup_completed'
		]);
		for (const event of server.stored.values()) expect(event).not.toHaveProperty('sessionId');
	});
});

describe('the deployed client’s names', () => {
	it('send what they sent', async () => {
		const analytics = new SeeItAnalytics(CONFIG);
		analytics.trackStep('mask', 'started');
		analytics.trackARButtonClick();
		const id = analytics.startSession('p1', 'Walnut sideboard', 1299);
		analytics.trackStep('mask', 'started');
		vi.advanceTimersByTime(500);
		analytics.trackMaskEdit('add');
		analytics.trackZoomPan('zoom_in');
		analytics.trackStep('mask', 'completed', { maskEditCount: 1 });
		analytics.trackAIRequest({ requestId: 'r1', provider: 'fal', model: 'flux', status: 'success', costUsd: 0.05 });
		analytics.trackRegeneration('fal', 'flux', 'inpaint', 'user_requested');
		analytics.trackError('AI_DOWN', 'The provider is away', 'critical');
		analytics.trackPostArAction('add_to_cart');
		analytics.endSession('completed', { addedToCart: true });
		analytics.endSession('completed');
		analytics.trackSetupAbandoned('p1', 'mask');
		analytics.trackEvent('room_uploaded', { fileSize: 3 });
		await analytics.flush();
		const product = { productId: 'p1', productTitle: 'Walnut sideboard', productPrice: 1299 };
		expect(sent()).toMatchObject([
			['ar_button_click', { timeOnPage: 0 }],
			['session_started', { ...product, entryPoint: 'direct', referrer: null, timeOnPageBeforeArMs: 0 }],
			['step_update', { step: 'mask', status: 'started' }],
			['user_action', { action: 'mask_edit', editType: 'add', step: 'mask' }],
			['user_action', { action: 'zoom_in', step: 'mask' }],
			['step_update', { step: 'mask', status: 'completed', durationMs: 500, maskEditCount: 1 }],
			['ai_request', { requestId: 'r1', costUsd: 0.05, step: 'mask' }],
			['regeneration_requested', { operation: 'inpaint', reason: 'user_requested', step: 'mask' }],
			['error', { errorCode: 'AI_DOWN', severity: 'critical', step: 'mask', isUserFacing: true }],
			['post_ar_action', { action: 'add_to_cart', ...product }],
			['add_to_cart_from_ar', { ...product, sessionDurationMs: 500 }],
			['session_ended', { status: 'completed', durationMs: 500, addedToCart: true }],
			['setup_abandoned', { productId: 'p1', abandonedAt: 'mask' }],
			['room_uploaded', { fileSize: 3 }]
		]);
		const sessions = [...server.stored.values()].map(({ sessionId }) => sessionId);
		expect(sessions).toEqual([undefined, ...Array.from({ length: 11 }, () => id), undefined, undefined]);
	});

	it('make one client a page', () => {
		const first = initAnalytics(CONFIG);
		expect(getAnalytics()).toBe(first);
		const second = initAnalytics(CONFIG);
		expect(getAnalytics()).toBe(second);
		expect(first.client.track('late', {})).toBeNull();
		second.destroy();
	});
});
