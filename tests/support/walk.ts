/**
 * One shopper's walk through the feature, which every client can tell: what the page of the deployed clients sends, and
 * the same in the words of the SDK and of its layer with the deployed client's names.
 */
import type { Page } from 'playwright-core';
import { visit, type ClientEvent } from './shop';

type Data = Record<string, unknown>;

const PRODUCT = { productId: 'p1', productTitle: 'Oslo Sofa', productPrice: 1299.5 };
const MODEL = { provider: 'fal', model: 'flux', operation: 'inpaint' };
const REQUEST = { ...MODEL, requestId: 'r1', step: 'inpaint' };

/** Types and data, the steps twice, left out, failed, and completed without ever having been started. */
export const WALK: readonly (readonly [type: string, data: Data])[] = [
	['session_started', { ...PRODUCT, entryPoint: 'direct', referrer: null }],
	['step_update', { step: 'room_capture', status: 'started' }],
	['user_action', { action: 'retake_photo', step: 'room_capture' }],
	['step_update', { step: 'room_capture', status: 'completed', durationMs: 4100, retakeCount: 1 }],
	['room_uploaded', { fileSize: 3_145_728 }],
	['step_update', { step: 'mask', status: 'started' }],
	[
		'step_update',
		{ step: 'mask', status: 'failed', durationMs: 900, errorCode: 'MASK_EMPTY', errorMessage: 'Nothing' }
	],
	[
		'error',
		{
			errorCode: 'MASK_EMPTY',
			errorMessage: 'Nothing',
			severity: 'error',
			step: 'mask',
			isUserFacing: true,
			stack: 'at x'
		}
	],
	['step_update', { step: 'mask', status: 'started' }],
	['step_update', { step: 'mask', status: 'completed', durationMs: 8120, maskEditCount: 2, autoVsManual: 'hybrid' }],
	['step_update', { step: 'inpaint', status: 'started' }],
	['ai_request', { ...REQUEST, status: 'pending', costUsd: 0.01 }],
	['ai_request', { ...REQUEST, status: 'success', costUsd: 0.42, durationMs: 3100 }],
	['regeneration_requested', { ...MODEL, reason: 'user_requested', step: 'inpaint' }],
	['step_update', { step: 'inpaint', status: 'completed', durationMs: 5000 }],
	['step_update', { step: 'placement', status: 'skipped' }],
	['step_update', { step: 'final', status: 'completed', durationMs: 300, qualityRating: 4 }],
	['post_ar_action', { action: 'add_to_cart', ...PRODUCT }],
	['add_to_cart_from_ar', { ...PRODUCT, sessionDurationMs: 61_000 }],
	['session_ended', { status: 'completed', durationMs: 61_000, addedToCart: true }]
];

/** The walk as events of the deployed clients, of a session of its own. */
export function walkEvents(shopDomain: string): ClientEvent[] {
	const { event } = visit(shopDomain);
	return WALK.map(([type, data]) => event(type, data));
}

/** Has the SDK tell the walk in the page, each event by the method that is made for it, and waits for its flush. */
export function tellBySdk(page: Page): Promise<void> {
	return page.evaluate(async (walk) => {
		const session = window.client.session();
		const text = (value: unknown): string => String(value);
		for (const [type, data] of walk) {
			const step = session.step(text(data['step']));
			const known: Record<string, () => unknown> = {
				session_started: () => session.start(data),
				step_update: () => {
					if (data['status'] === 'started') step.start(data);
					else if (data['status'] === 'completed') step.complete(data);
					else if (data['status'] === 'failed') step.fail(data['errorCode'], data);
					else step.skip(data);
				},
				error: () => session.error(text(data['errorCode']), data),
				ai_request: () => session.aiRequest(data),
				regeneration_requested: () => session.regenerationRequested(data),
				user_action: () => session.userAction(text(data['action']), data),
				post_ar_action: () => session.postArAction(text(data['action']), data),
				add_to_cart_from_ar: () => session.addToCart(data),
				session_ended: () => session.end('completed', data)
			};
			(known[type] ?? (() => session.track(type, data)))();
		}
		await window.client.flush();
	}, WALK);
}

/** The same by the names of the deployed client. */
export function tellByOldNames(page: Page, shopDomain: string, endpoint: string): Promise<void> {
	return page.evaluate(
		async ([walk, config]) => {
			const analytics = window.ControlRoom.initAnalytics(config);
			const text = (value: unknown): string => String(value);
			for (const [type, { step, status, ...data }] of walk) {
				const known: Record<string, () => unknown> = {
					session_started: () =>
						analytics.startSession(text(data['productId']), text(data['productTitle']), Number(data['productPrice'])),
					step_update: () => analytics.trackStep(text(step), text(status) as 'started', data),
					error: () => analytics.trackError(text(data['errorCode']), text(data['errorMessage']), 'error', data),
					ai_request: () => analytics.trackAIRequest({ ...data, status: text(status) }),
					regeneration_requested: () =>
						analytics.trackRegeneration(
							text(data['provider']),
							text(data['model']),
							text(data['operation']),
							text(data['reason'])
						),
					user_action: () => analytics.trackRetake(),
					// It tells of the addition by itself.
					post_ar_action: () => analytics.trackPostArAction('add_to_cart'),
					add_to_cart_from_ar: () => undefined,
					session_ended: () => analytics.endSession('completed', data)
				};
				(known[type] ?? (() => analytics.trackEvent(type, data)))();
			}
			await analytics.flush();
		},
		[WALK, { shopDomain, endpoint }] as const
	);
}
