/**
 * One visit, from the first sight of the button to what came after the session: a list of events with their offsets.
 * What happens follows from the visit's own random numbers and from the troubles of its moment, never from a clock.
 */
import { STEPS } from '../lib/events/vocabulary';
import { askProvider, regenerate } from './ai';
import type { Device } from './devices';
import { FAULTS, stackOf, type Fault } from './faults';
import type { Random } from './random';
import type { Product, Shop } from './shops';
import type { Story } from './story';
import { isIn, type Troubles } from './troubles';

type Step = (typeof STEPS)[number];

/** Who visits, where, and when in the run. */
export interface Visitor {
	/** 0 to 1: see troubles.ts. */
	moment: number;
	shop: Shop;
	shopAt: number;
	device: Device;
	product: Product;
	random: Random;
	troubles: Troubles;
}

/** How a session ends. `silent`: it never says so, and is closed by its silence. */
export type Outcome = 'completed' | 'abandoned' | 'error' | 'silent';

/** What a step ended with. */
export type StepOutcome = 'done' | 'left' | 'failed';

/** Median milliseconds, how many leave in it, and why. */
const STEP_HABITS: Record<Step, { median: number; leave: number; reasons: readonly string[] }> = {
	room_capture: { median: 12_000, leave: 0.09, reasons: ['no_photo_at_hand', 'user_closed', 'camera_refused'] },
	mask: { median: 18_000, leave: 0.07, reasons: ['too_difficult', 'user_closed', 'back_to_product'] },
	inpaint: { median: 9_000, leave: 0.05, reasons: ['took_too_long', 'user_closed'] },
	placement: { median: 20_000, leave: 0.06, reasons: ['did_not_fit', 'poor_result', 'user_closed'] },
	final: { median: 15_000, leave: 0.03, reasons: ['poor_result', 'price', 'user_closed'] }
};
/** Whoever has been at it for so long gives up at the next step. */
const PATIENCE_MS = 9 * 60_000;
const BASE_FAULTS = 0.008;
/** How often a client of this kind never says that the session ended. */
const SILENT = { sdk: 0.015, batches: 0.03, beacon: 0.04, modal: 0.13 };

/** A shopper who sees the button, clicks it and goes through a session. */
export function shopperJourney(visitor: Visitor, story: Story): Outcome {
	const { random, shop } = visitor;
	lookAround(visitor, story, random.whole(1, 3));
	story.wait(random.skewed(1_500));
	click(visitor, story);
	story.wait(random.skewed(700));
	story.beginSession();
	story.tell('session_started', startData(visitor, story));
	for (const step of STEPS) {
		story.wait(random.skewed(900));
		const outcome = playStep(visitor, story, step);
		if (outcome === 'done') continue;
		if (random.chance(SILENT[shop.client])) return 'silent';
		return outcome === 'failed' && random.chance(0.7) ? endInError(story, step) : leave(visitor, story, step);
	}
	return complete(visitor, story);
}

/** Somebody who sees the button, and at most clicks it: the wide end of the funnel. */
export function lookerJourney(visitor: Visitor, story: Story): void {
	lookAround(visitor, story, visitor.random.whole(1, 4));
	if (visitor.random.chance(0.12)) {
		story.wait(visitor.random.skewed(2_000));
		click(visitor, story);
	}
}

/** A merchant who prepares products for the feature. */
export function merchantJourney({ random, shop }: Visitor, story: Story): void {
	for (let left = random.whole(1, 4); left > 0; left--) {
		const productId = random.pick(shop.products).id;
		story.tell('setup_started', { productId });
		story.wait(random.skewed(8_000));
		if (random.chance(0.22)) {
			story.tell('setup_abandoned', { productId, abandonedAt: random.pick(['image', 'mask', 'preview']) });
			return;
		}
		for (let images = random.whole(1, 3); images > 0; images--) {
			const method = random.pick(['auto', 'auto', 'auto', 'hybrid', 'manual']);
			const processingTimeMs = Math.round(random.skewed(method === 'auto' ? 2_400 : 26_000));
			story.wait(processingTimeMs);
			story.tell('image_prepared', { productId, method, processingTimeMs });
		}
		story.wait(random.skewed(4_000));
		story.tell('setup_completed', { productId });
		story.wait(random.skewed(9_000));
	}
}

function lookAround({ random, shop, product }: Visitor, story: Story, sights: number): void {
	for (let seen = 1; seen <= sights; seen++) {
		// The last one is the product that the visit is about.
		const { id, title, price } = seen === sights ? product : random.pick(shop.products);
		const timeOnPage = Math.round(random.skewed(2_600));
		story.tell('ar_button_impression', { productId: id, productTitle: title, productPrice: price / 100, timeOnPage });
		if (seen < sights) story.wait(random.skewed(6_000));
	}
}

function click({ random, product: { id, title, price } }: Visitor, story: Story): void {
	const timeOnPage = Math.round(random.skewed(11_000, 0.7));
	story.tell('ar_button_click', { productId: id, productTitle: title, productPrice: price / 100, timeOnPage });
}

function startData({ random, shop, product: { id, title, price } }: Visitor, story: Story): Record<string, unknown> {
	const entryPoint = random.pick(['product_page', 'product_page', 'product_page', 'collection', 'external', 'direct']);
	const referrer =
		entryPoint === 'external'
			? random.pick(['https://www.google.com/', 'https://www.instagram.com/', 'https://www.pinterest.com/'])
			: entryPoint === 'direct'
				? null
				: `https://${shop.domain}/collections/${random.pick(['living-room', 'new', 'sale'])}`;
	return {
		productId: id,
		productTitle: title,
		productPrice: price / 100,
		entryPoint,
		referrer,
		timeOnPageBeforeArMs: Math.round(story.at + random.skewed(14_000, 0.8)),
		...(shop.client === 'beacon'
			? { flow: random.pick(['hero', 'classic']), env: 'production', flow_version: '2.3', app_version: '4.12.1' }
			: {})
	};
}

function playStep(visitor: Visitor, story: Story, step: Step): StepOutcome {
	const { random, shop } = visitor;
	const habits = STEP_HABITS[step];
	// The modal does not always say that a step has begun.
	if (shop.client !== 'modal' || !random.chance(0.3)) story.step(step, 'started');
	const begun = story.at;
	const duration = random.skewed(habits.median, 0.55);

	const fault = faultOf(visitor, step);
	if (fault) {
		story.wait(duration * 0.4);
		tellFault(visitor, story, fault);
		if (random.chance(fault.fatal)) {
			story.step(step, 'failed', { durationMs: story.at - begun, errorCode: fault.code });
			return 'failed';
		}
	}
	if (story.at > PATIENCE_MS || random.chance(habits.leave)) {
		story.wait(duration * random.next());
		return 'left';
	}
	const found = DO_STEP[step](visitor, story, duration);
	if (found === 'failed') {
		story.step(step, 'failed', { durationMs: story.at - begun, errorCode: 'AI_REQUEST_FAILED' });
		return 'failed';
	}
	story.step(step, 'completed', { durationMs: story.at - begun, ...found });
	if (random.chance(0.02)) story.tell('tutorial_shown', { step, variant: random.pick(['a', 'b']) });
	return 'done';
}

/** What shoppers do in each step, for about so long; the step's data when it is completed. */
const DO_STEP: Record<Step, (visitor: Visitor, story: Story, duration: number) => Record<string, unknown> | 'failed'> =
	{
		room_capture({ random }, story, duration) {
			let retakeCount = 0;
			for (; retakeCount < 4 && random.chance(0.22); retakeCount++) {
				story.wait(duration * 0.6);
				story.tell('user_action', { action: 'retake_photo', step: 'room_capture' });
			}
			story.wait(duration);
			return { retakeCount, inputFile: `rooms/${random.code(10)}.jpg` };
		},
		mask(visitor, story, duration) {
			const { random } = visitor;
			if (random.chance(0.6) && askProvider(visitor, story, 'segment', 'mask') === 'failed') return 'failed';
			const maskEditCount = random.chance(0.45) ? random.whole(1, 4) : 0;
			for (let left = maskEditCount; left > 0; left--) {
				story.wait(duration / (maskEditCount + 1));
				story.tell('user_action', {
					action: 'mask_edit',
					editType: random.pick(['add', 'add', 'remove', 'reset']),
					step: 'mask'
				});
			}
			story.wait(duration / (maskEditCount + 1));
			const autoVsManual = maskEditCount === 0 ? 'auto' : maskEditCount > 2 ? 'manual' : 'hybrid';
			return { maskEditCount, autoVsManual, autoConfidence: random.whole(55, 99) / 100 };
		},
		inpaint(visitor, story, duration) {
			const { random } = visitor;
			if (askProvider(visitor, story, 'inpaint', 'inpaint') === 'failed') return 'failed';
			let regenerationCount = 0;
			for (; regenerationCount < 3 && random.chance(0.16); regenerationCount++) {
				story.wait(random.skewed(4_000));
				if (regenerate(visitor, story) === 'failed') return 'failed';
			}
			story.wait(duration * 0.3);
			return { regenerationCount, outputFile: `results/${random.code(10)}.webp` };
		},
		placement(visitor, story, duration) {
			const { random } = visitor;
			if (random.chance(0.12) && askProvider(visitor, story, 'remove_bg', 'placement') === 'failed') return 'failed';
			const placementAdjustments = random.weighted([30, 30, 20, 12, 8]);
			for (let left = placementAdjustments; left > 0; left--) {
				story.wait(duration / (placementAdjustments + 1));
				story.tell('user_action', {
					action: 'placement_adjust',
					adjustType: random.pick(['move', 'scale', 'rotate']),
					step: 'placement'
				});
			}
			if (random.chance(0.15))
				story.tell('user_action', { action: random.pick(['zoom_in', 'zoom_out', 'pan']), step: 'placement' });
			story.wait(duration / (placementAdjustments + 1));
			return { placementAdjustments };
		},
		final(visitor, story, duration) {
			const { random } = visitor;
			if (random.chance(0.25) && askProvider(visitor, story, 'upscale', 'final') === 'failed') return 'failed';
			story.wait(duration);
			if (random.chance(0.08))
				story.tell('result_shared', { channel: random.pick(['link', 'whatsapp', 'mail', 'pinterest']) });
			return random.chance(0.3) ? { qualityRating: random.pick([2, 3, 4, 4, 5, 5, 5]) } : {};
		}
	};

function faultOf({ random, troubles, moment, shop, ...rest }: Visitor, step: Step): Fault | null {
	for (const cluster of troubles.clusters) {
		if (cluster.fault.step !== step || !isIn(cluster, moment)) continue;
		if (cluster.strikes({ random, troubles, moment, shop, ...rest }) && random.chance(cluster.chance))
			return cluster.fault;
	}
	if (!random.chance(BASE_FAULTS * shop.clumsiness)) return null;
	const faults = FAULTS.filter((fault) => fault.step === step);
	return faults[random.weighted(faults.map(({ weight }) => weight))] ?? null;
}

function tellFault({ random }: Visitor, story: Story, fault: Fault): void {
	const errorMessage = fault.message(random);
	const stack = stackOf(fault, errorMessage, random);
	story.tell('error', {
		errorCode: fault.code,
		errorMessage,
		severity: fault.severity,
		step: fault.step,
		isUserFacing: fault.isUserFacing,
		...(stack === undefined ? {} : { stack })
	});
}

function endInError(story: Story, step: Step): Outcome {
	story.wait(400);
	story.tell('session_ended', { status: 'error', durationMs: story.sessionMs(), abandonmentStep: step });
	return 'error';
}

function leave({ random, shop }: Visitor, story: Story, step: Step): Outcome {
	// The modal knows nothing of the page's end.
	const unload = shop.client !== 'modal' && random.chance(0.5);
	const why = unload ? { reason: 'page_unload' } : { abandonmentReason: random.pick(STEP_HABITS[step].reasons) };
	story.wait(random.skewed(500));
	story.tell('session_ended', { status: 'abandoned', durationMs: story.sessionMs(), abandonmentStep: step, ...why });
	return 'abandoned';
}

function complete({ random, shop, product }: Visitor, story: Story): Outcome {
	if (random.chance(SILENT[shop.client] / 2)) return 'silent';
	const action = ['add_to_cart', 'continue_browsing', 'leave'][random.weighted([24, 46, 30])] ?? 'leave';
	const about = { productId: product.id, productTitle: product.title, productPrice: product.price / 100 };
	const inCart = action === 'add_to_cart';
	story.wait(random.skewed(900));
	story.tell('session_ended', {
		status: 'completed',
		durationMs: story.sessionMs(),
		postArAction: action,
		addedToCart: inCart
	});
	if (random.chance(0.2)) return 'completed';
	story.wait(random.skewed(2_500));
	story.tell('post_ar_action', { action, ...about });
	if (inCart) story.tell('add_to_cart_from_ar', { ...about, sessionDurationMs: story.sessionMs() });
	return 'completed';
}
