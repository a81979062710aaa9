/**
 * Events as shoppers cause them, in the format of the deployed clients: sessions of some twenty events, five steps, an
 * AI request, now and then an error. Deterministic but for the session ids, which differ in each run.
 */
import { randomBytes } from 'node:crypto';
import { STEPS } from '../../src/lib/events/vocabulary';

export interface WireEvent {
	type: string;
	sessionId: string;
	shopDomain: string;
	timestamp: string;
	data: Record<string, unknown>;
	deviceContext: Record<string, unknown>;
}

const SHOPS = 25;
const run = randomBytes(3).toString('hex');
let sessions = 0;

const device = {
	deviceType: 'mobile',
	os: 'iOS',
	osVersion: '17.5',
	browser: 'Safari',
	browserVersion: '17',
	screenWidth: 390,
	screenHeight: 844,
	hasCamera: true,
	hasGyroscope: true,
	webglSupport: true,
	connectionType: '4g'
};

/** The events of one session, in order, the last one a moment ago. */
export function session(): WireEvent[] {
	const number = sessions++;
	const sessionId = `sess_${run}_${number.toString(36)}`;
	const shopDomain = `shop-${number % SHOPS}.myshopify.com`;
	const events: WireEvent[] = [];
	let time = Date.now() - 120_000;
	const add = (type: string, data: Record<string, unknown>) => {
		time += 1_000 + ((number * 7919 + events.length * 104_729) % 5_000);
		events.push({ type, sessionId, shopDomain, timestamp: new Date(time).toISOString(), data, deviceContext: device });
	};
	add('session_started', {
		productId: `p${number % 400}`,
		productTitle: 'Oak sideboard, 160 cm',
		productPrice: 499.9,
		entryPoint: 'product_page',
		referrer: 'https://www.example.com/collections/living-room',
		flow: 'v2',
		env: 'production'
	});
	for (const [index, step] of STEPS.entries()) {
		add('step_update', { step, status: 'started' });
		if (step === 'mask') add('user_action', { action: 'mask_edit', editType: 'add', step });
		if (step === 'inpaint') {
			add('ai_request', {
				requestId: `${sessionId}-1`,
				provider: 'fal',
				model: 'flux-fill',
				operation: 'inpaint',
				durationMs: 3_200,
				status: 'success',
				costUsd: 0.0412,
				step
			});
		}
		if ((number + index) % 40 === 0) {
			add('error', { errorCode: 'UPLOAD_TIMEOUT', errorMessage: 'The upload timed out', severity: 'error', step });
		}
		add('step_update', { step, status: 'completed', durationMs: 4_120, retakeCount: index === 0 ? 1 : 0 });
	}
	const completed = number % 4 !== 0;
	add('session_ended', { status: completed ? 'completed' : 'abandoned', durationMs: 61_000 });
	if (completed) add('post_ar_action', { action: 'add_to_cart', productId: `p${number % 400}` });
	return events;
}

/** Batches of this many events, session after session, as one shopper's client or a forwarding server sends them. */
export function* batches(size: number): Generator<WireEvent[], never> {
	let pending: WireEvent[] = [];
	for (;;) {
		while (pending.length < size) pending.push(...session());
		yield pending.slice(0, size);
		pending = pending.slice(size);
	}
}
