/**
 * What each family of event types carries in its `data`, as clients send it. This describes, it does not gate: nothing is
 * refused for a word that is not listed here or a field that nobody knows, so every object is loose, every field may be
 * absent or null, and every list of words is open. Types, the API's document and screens follow from it.
 */
import { z } from 'zod';
import { END_STATUSES, SEVERITIES, STEPS, STEP_STATUSES } from './vocabulary';

/** One of the known words, or any other: editors suggest the known ones. */
// The empty intersection is what keeps TypeScript from folding the words into `string`.
export type Word<Known extends string> = Known | (string & Record<never, never>);

function word<const Known extends string>(known: readonly Known[]): z.ZodType<Word<Known>> {
	return z.string().meta({ examples: [...known], 'x-words': 'open' });
}

/** Shops number their products, or name them. */
const id = z.union([z.string(), z.number()]).nullish();
const text = z.string().nullish();
const amount = z.number().nullish();
/** Money comes as a number or, exact, as its decimal digits. */
const money = z.union([z.number(), z.string()]).nullish();
const time = z.union([z.string(), z.number()]).nullish().describe('ISO 8601, or milliseconds since 1970.');
const flag = z.boolean().nullish();
const step = word(STEPS).nullish();

const METHODS = ['auto', 'manual', 'hybrid'] as const;
const product = { productId: id, productTitle: text, productPrice: money };
const operation = word(['inpaint', 'segment', 'remove_bg', 'upscale']).nullish();
const regenerationReason = word(['user_requested', 'auto_retry', 'quality_fail']).nullish();

const sessions = {
	session_started: z
		.looseObject({
			...product,
			entryPoint: text.describe('Where the shopper came from, such as product_page.'),
			referrer: text,
			timeOnPageBeforeArMs: amount,
			flow: text.describe('The variant of the feature.'),
			env: text.describe('Such as production or staging.'),
			flow_version: text,
			app_version: text,
			worker_version: text
		})
		.describe('The shopper opened the feature: a session begins.'),
	session_ended: z
		.looseObject({
			status: word(END_STATUSES).nullish(),
			durationMs: amount,
			abandonmentStep: step,
			abandonmentReason: text,
			reason: text.describe('Another spelling of abandonmentReason; page_unload when the page went away.'),
			postArAction: text,
			addedToCart: flag
		})
		.describe('The session is over. Of several ends the latest counts.')
};

const steps = {
	step_update: z
		.looseObject({
			step,
			status: word(STEP_STATUSES).nullish(),
			durationMs: amount,
			retakeCount: amount,
			maskEditCount: amount,
			placementAdjustments: amount,
			regenerationCount: amount,
			autoVsManual: word(METHODS).nullish(),
			autoConfidence: amount,
			qualityRating: amount,
			inputFile: text,
			outputFile: text,
			errorCode: text,
			errorMessage: text
		})
		.describe('A step began, was completed, failed or was skipped.')
};

const errors = {
	error: z
		.looseObject({
			errorCode: text,
			errorMessage: text,
			severity: word(SEVERITIES).nullish(),
			step,
			isUserFacing: flag.describe('Whether the shopper saw it.'),
			stack: text,
			stackTrace: text.describe('Another spelling of stack.')
		})
		.describe('Something went wrong, for the shopper or behind the scenes.')
};

const ai = {
	ai_request: z
		.looseObject({
			requestId: text.describe('One id is one request, however many events tell of it.'),
			provider: text,
			model: text,
			modelVersion: text,
			operation,
			startedAt: time,
			completedAt: time,
			durationMs: amount,
			status: word(['pending', 'success', 'failed', 'timeout']).nullish(),
			costUsd: money.describe('US dollars: a number, or exact as its decimal digits.'),
			isRegeneration: flag,
			regenerationReason,
			errorMessage: text,
			step
		})
		.describe('A request to an AI provider, told once or with each change of its status.'),
	regeneration_requested: z
		.looseObject({
			provider: text,
			model: text,
			operation,
			reason: regenerationReason,
			step
		})
		.describe('The shopper wants another result.')
};

const interactions = {
	user_action: z
		.looseObject({
			/** With zoom_pan the deployed clients write zoom_in, zoom_out or pan here. */
			action: word(['retake_photo', 'mask_edit', 'placement_adjust', 'zoom_pan', 'help_click']).nullish(),
			editType: word(['add', 'remove', 'reset']).nullish(),
			adjustType: word(['move', 'scale', 'rotate']).nullish(),
			context: text,
			step
		})
		.describe('What the shopper does within a step.')
};

const conversion = {
	post_ar_action: z
		.looseObject({
			action: word(['add_to_cart', 'continue_browsing', 'leave']).nullish(),
			...product
		})
		.describe('What the shopper did after the result.'),
	add_to_cart_from_ar: z
		.looseObject({ ...product, sessionDurationMs: amount })
		.describe('The product went into the cart from the result.'),
	ar_button_impression: z
		.looseObject({ ...product, timeOnPage: amount })
		.describe('The button that opens the feature was seen.'),
	ar_button_click: z
		.looseObject({ ...product, timeOnPage: amount })
		.describe('The button that opens the feature was clicked.')
};

const setup = {
	setup_started: z.looseObject({ productId: id }).describe('A merchant began to set a product up.'),
	setup_completed: z.looseObject({ productId: id }).describe('A product is set up.'),
	setup_abandoned: z
		.looseObject({ productId: id, abandonedAt: step })
		.describe('A merchant gave up setting a product up.'),
	image_prepared: z
		.looseObject({ productId: id, method: word(METHODS).nullish(), processingTimeMs: amount })
		.describe("A product's image was prepared.")
};

/** The known event types by family, each with the schema of its `data`. */
export const FAMILIES = { sessions, steps, errors, ai, interactions, conversion, setup };

/** The schema of each known event type's `data`. */
export const EVENT_DATA = { ...sessions, ...steps, ...errors, ...ai, ...interactions, ...conversion, ...setup };

/** What each known event type carries in its `data`. */
export type EventMap = { [Type in keyof typeof EVENT_DATA]: z.infer<(typeof EVENT_DATA)[Type]> };
