/**
 * Builders of wall and session states for tests: every value is a plausible default that a test overrides where it
 * matters, and everything is derived from the arguments, so that the same call gives the same state.
 */
import { STEPS } from '../../src/lib/events/vocabulary';
import type {
	ErrorCard,
	EventRow,
	Figures,
	SessionCard,
	SessionStory,
	StepPace,
	StepState,
	WallState
} from '../../src/lib/live/messages';

/** A fixed moment that states are built around: 2026-11-22T14:02:30Z. */
export const NOON = Date.UTC(2026, 10, 22, 14, 2, 30);

const PRODUCTS = [
	'Oslo Sofa, oak legs',
	'Walnut Dining Table 180',
	'Linen Armchair',
	'Arc Floor Lamp',
	'Teak Sideboard',
	'Wool Rug 200 × 300',
	'Velvet Ottoman',
	'Bookcase Nord'
];
const SHOPS = ['nordic-home', 'casa-verde', 'atelier-lumen', 'the-rug-company', 'mid-century-finds'];
const DEVICES = ['mobile', 'desktop', 'tablet', 'mobile'];

function pick<T>(list: readonly T[], index: number, fallback: T): T {
	return list[index % list.length] ?? fallback;
}

/** A session in progress; `steps` are given as a number of completed steps before the running one. */
export function sessionCard(change: Partial<SessionCard> = {}): SessionCard {
	const startedAt = change.startedAt ?? NOON - 60_000;
	return {
		sessionId: 'sess_1',
		version: 1,
		shop: 'nordic-home.myshopify.com',
		product: 'Oslo Sofa, oak legs',
		deviceType: 'mobile',
		status: 'in_progress',
		startedAt,
		updatedAt: startedAt,
		endedAt: null,
		durationMs: null,
		currentStep: null,
		activity: 'session_started',
		abandonmentStep: null,
		abandonmentReason: null,
		steps: [],
		errorCount: 0,
		aiCost: '0.0000',
		...change
	};
}

/** The states of the known steps when `done` are completed, `secondsEach` long, and the next one began after them. */
export function stepsUpTo(done: number, startedAt: number, secondsEach = 8, running = true): StepState[] {
	return STEPS.slice(0, done + (running ? 1 : 0)).map((step, index) => {
		const from = startedAt + index * secondsEach * 1000;
		return index < done
			? {
					step,
					status: 'completed',
					startedAt: from,
					completedAt: from + secondsEach * 1000,
					durationMs: secondsEach * 1000
				}
			: { step, status: 'started', startedAt: from, completedAt: null, durationMs: null };
	});
}

/** The `index`th of a varied crowd of sessions that are active at `now`. */
export function activeSession(index: number, now = NOON): SessionCard {
	const done = (index * 3) % 5;
	const each = 6 + (index % 7);
	const startedAt = now - (done * each + 4 + ((index * 11) % 40)) * 1000;
	const steps = index % 9 === 8 ? [] : stepsUpTo(done, startedAt, each);
	return sessionCard({
		sessionId: `sess_${(index + 1000).toString(36)}_${(index * 7919).toString(36)}`,
		version: 3 + done,
		shop: `${pick(SHOPS, index, 'shop')}.myshopify.com`,
		product: pick(PRODUCTS, index, 'Sofa'),
		deviceType: pick(DEVICES, index, 'mobile'),
		startedAt,
		updatedAt: steps.at(-1)?.startedAt ?? startedAt,
		currentStep: steps.at(-1)?.step ?? null,
		steps,
		aiCost: (done * 0.021).toFixed(4)
	});
}

/** The `index`th of the sessions that ended before `now`, newest first. */
export function endedSession(index: number, now = NOON): SessionCard {
	const endedAt = now - (8 + index * 47) * 1000;
	const status = pick(['completed', 'completed', 'abandoned', 'completed', 'error'], index, 'completed');
	const startedAt = endedAt - (70 + ((index * 31) % 120)) * 1000;
	return sessionCard({
		sessionId: `sess_end_${index}`,
		version: 14,
		shop: `${pick(SHOPS, index + 2, 'shop')}.myshopify.com`,
		product: pick(PRODUCTS, index + 3, 'Sofa'),
		status,
		startedAt,
		updatedAt: endedAt,
		endedAt,
		durationMs: endedAt - startedAt,
		currentStep: status === 'completed' ? 'final' : 'mask',
		abandonmentStep: status === 'abandoned' ? 'mask' : null,
		abandonmentReason: status === 'abandoned' ? 'page_unload' : null,
		steps: stepsUpTo(status === 'completed' ? 5 : 1, startedAt, 12, status !== 'completed')
	});
}

/** The `index`th latest error before `now`. */
export function errorCard(index: number, now = NOON): ErrorCard {
	return {
		id: `err_${index}`,
		sessionId: `sess_end_${index}`,
		shop: `${pick(SHOPS, index, 'shop')}.myshopify.com`,
		code: pick(['INPAINT_TIMEOUT', 'CAMERA_DENIED', 'MASK_EMPTY', 'UPLOAD_FAILED'], index, 'E'),
		message: pick(
			['The model did not answer in 30 s', 'Permission was refused', 'Nothing was selected', 'Network request failed'],
			index,
			'Failed'
		),
		severity: pick(['error', 'critical', 'warning'], index, 'error'),
		step: pick(STEPS, index + 2, 'mask'),
		at: now - (20 + index * 95) * 1000
	};
}

/** Key figures of an ordinary day. */
export function figures(change: Partial<Figures> = {}): Figures {
	return {
		at: NOON,
		windowMs: 24 * 3_600_000,
		activeSessions: { value: 3, yesterday: 5 },
		successRate: { value: 0.877, yesterday: 0.861, completed: 412, ended: 470 },
		activeShops: { value: 12, yesterday: 11 },
		aiCost: { value: '41.2035', yesterday: '38.1000' },
		errors: { value: 37, yesterday: 52 },
		...change
	};
}

export const PACE: StepPace[] = STEPS.map((step, index) => ({
	step,
	p50Ms: 8_000 + index * 2_000,
	p95Ms: 26_000 + index * 4_000,
	samples: 120
}));

/** A wall with `active` sessions, of which at most 200 are in the list, as a server bounds them. */
export function wallState(active: number, now = NOON): WallState {
	const quiet = active === 0;
	return {
		figures: figures({ at: now, activeSessions: { value: active, yesterday: Math.round(active * 0.8) } }),
		sessions: [
			...Array.from({ length: Math.min(active, 200) }, (_, index) => activeSession(index, now)),
			...Array.from({ length: quiet ? 3 : 12 }, (_, index) => endedSession(index, now))
		],
		errors: Array.from({ length: quiet ? 1 : 12 }, (_, index) => errorCard(index, now)),
		pace: PACE
	};
}

/** A wall on which nothing has ever happened. */
export function emptyWall(now = NOON): WallState {
	return {
		figures: {
			at: now,
			windowMs: 24 * 3_600_000,
			activeSessions: { value: 0, yesterday: null },
			successRate: { value: null, yesterday: null, completed: 0, ended: 0 },
			activeShops: { value: 0, yesterday: null },
			aiCost: { value: null, yesterday: null },
			errors: { value: 0, yesterday: null }
		},
		sessions: [],
		errors: [],
		pace: []
	};
}

/** An event of the log. */
export function eventRow(index: number, change: Partial<EventRow> = {}): EventRow {
	const at = change.at ?? NOON - 60_000 + index * 4_000;
	return {
		id: `event_${index}`,
		type: 'custom',
		shop: 'nordic-home.myshopify.com',
		at,
		clientTime: at,
		serverTime: at + 40,
		data: { index },
		device: { deviceType: 'mobile', os: 'iOS' },
		userAgent: 'Mozilla/5.0 (iPhone)',
		ip: '203.0.113.9',
		keyId: null,
		...change
	};
}

/** The story of `session`, with the given events. */
export function story(session: Partial<SessionCard> = {}, events: EventRow[] = []): SessionStory {
	const card = sessionCard(session);
	return {
		session: {
			...card,
			productId: 'gid://shopify/Product/42',
			productPrice: '1299.00',
			os: 'iOS',
			osVersion: '17.5',
			browser: 'Safari',
			browserVersion: '17',
			entryPoint: 'product_page',
			referrer: 'https://www.example.com/search?q=sofa',
			flow: null,
			env: 'production',
			postArAction: null,
			addedToCart: false,
			regenerationCount: 1,
			regenerationCost: '0.0210',
			eventCount: events.length
		},
		steps: card.steps.map((step) => ({
			...step,
			retakeCount: step.step === 'room_capture' ? 1 : 0,
			maskEditCount: step.step === 'mask' ? 2 : 0,
			placementAdjustments: 0,
			regenerationCount: 0,
			autoVsManual: step.step === 'mask' ? 'hybrid' : null,
			autoConfidence: null,
			errorCode: null,
			errorMessage: null
		})),
		aiRequests: [],
		errors: [],
		events,
		earlierEvents: 0
	};
}
