/** Events of every kind that pages count: one shop that is busy and in trouble, one that is quiet, and what named no shop. */
import { STEPS } from '../../src/lib/events/vocabulary';

const HOUR = 3_600_000;
const BUSY = 'busy.example';

interface Told {
	type: string;
	data?: object | null;
	session?: string;
	shop?: string | null;
	hoursAgo?: number;
	device?: string | undefined;
}

/** How the sessions went: how many steps of what shop, with what device, and what ended them. */
const SESSIONS: { shop?: string | null; steps: number; device?: string; product?: string; end?: object; ai?: object[]; errors?: number }[] = [
	{ steps: 5, end: { status: 'completed', postArAction: 'add_to_cart', addedToCart: true }, ai: [{ costUsd: '0.1' }, { costUsd: '0.05', isRegeneration: true, regenerationReason: 'user_requested' }] },
	{ steps: 5, device: 'desktop', product: 'Lamp', end: { status: 'completed', postArAction: 'leave' }, ai: [{ costUsd: '0.2', provider: 'replicate' }] },
	{ steps: 2, end: { status: 'abandoned', abandonmentStep: 'mask', reason: 'page_unload' }, ai: [{ costUsd: '0.04', status: 'failed' }], errors: 7 },
	{ steps: 2, end: { status: 'abandoned', abandonmentStep: 'mask', reason: 'too slow' } },
	{ steps: 3, device: 'desktop', end: { status: 'error', abandonmentStep: 'inpaint', reason: 'no answer' }, ai: [{ status: 'timeout', costUsd: null }], errors: 4 },
	{ steps: 1, end: { status: 'declined' } },
	{ steps: 4, product: 'Lamp' },
	{ shop: 'calm.example', steps: 5, end: { status: 'completed' }, ai: [{ costUsd: null }] },
	{ shop: null, steps: 1, device: 'tablet', end: { status: 'abandoned' }, errors: 1 }
]; // prettier-ignore

function told({ type, data = {}, session, shop = BUSY, hoursAgo = 1, device = 'mobile' }: Told, place = 0): object {
	return {
		type,
		...(session === undefined ? {} : { sessionId: session }),
		...(shop === null ? {} : { shopDomain: shop }),
		timestamp: new Date(Date.now() - hoursAgo * HOUR + place * 1000).toISOString(),
		data,
		deviceContext: { deviceType: device, os: device === 'mobile' ? 'iOS' : 'Linux', browser: 'Safari' }
	};
}

function session(index: number): object[] {
	const { shop, steps, device, product = 'Sofa', end, ai = [], errors = 0 } = SESSIONS[index] ?? { steps: 0 };
	// Words of names hold no digits: what has some is a count.
	const name = `session-${String.fromCharCode(97 + index)}`;
	let place = index;
	const next = (type: string, data: object) =>
		told({ type, data, session: name, device, ...(shop === undefined ? {} : { shop }) }, place++);
	return [
		next('session_started', { productTitle: product, productId: product.toLowerCase() }),
		...STEPS.slice(0, steps).map((step) => next('step_update', { step, status: 'completed', durationMs: 2000 })),
		...ai.map((data, n) => next('ai_request', { requestId: `${name} ${n}`, provider: 'fal', model: 'flux', operation: 'inpaint', step: 'inpaint', status: 'success', ...data })),
		...Array.from({ length: errors }, (_, n) => next('error', { errorCode: n % 3 ? 'AI_TIMEOUT' : 'MASK_EMPTY', severity: n % 2 ? 'critical' : 'warning', step: n % 2 ? 'inpaint' : 'mask' })),
		...(end ? [next('session_ended', end)] : [])
	]; // prettier-ignore
}

/** All of it, as one batch. */
export function everything(): object[] {
	const setup = (type: string, productId: string, hoursAgo: number, data: object = {}) =>
		told({ type, hoursAgo, data: { productId, ...data } });
	return [
		...SESSIONS.flatMap((_, index) => session(index)),
		...Array.from({ length: 6 }, () => told({ type: 'ar_button_impression' })).map((event, n) => ({ ...event, id: `seen ${n}` })),
		...Array.from({ length: 3 }, () => told({ type: 'ar_button_click' })).map((event, n) => ({ ...event, id: `clicked ${n}` })),
		...['ok', 'ok', 'broken'].map((status, n) => ({ ...told({ type: 'ping', data: { status } }), id: `ping ${n}` })),
		setup('setup_started', 'chair', 80),
		setup('setup_started', 'table', 70),
		setup('setup_completed', 'table', 69),
		setup('setup_started', 'rug', 60),
		setup('setup_abandoned', 'rug', 59, { abandonedAt: 'mask' }),
		setup('setup_started', 'bench', 2),
		...['auto', 'auto', 'manual', null].map((method, n) => ({ ...setup('image_prepared', 'table', 68, { method, processingTimeMs: 2000 }), id: `image ${n}` }))
	]; // prettier-ignore
}

/** What could not be an event. */
export const REJECTED = ['no event', { no: 'type' }];
