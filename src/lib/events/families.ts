/**
 * What each family of event types carries in its `data`, as clients send it. This describes, it does not gate: nothing is
 * refused for a word that is not listed here or a field that nobody knows, so every object is loose, every field may be
 * absent or null, and every list of words is open. Types, documentation and screens follow from it.
 */
import { z } from 'zod';
import { END_STATUSES, SEVERITIES, STEPS, STEP_STATUSES } from './vocabulary';

/** One of the known words, or any other: editors suggest the known ones. */
// The empty intersection is what keeps TypeScript from folding the words into `string`.
export type Word<Known extends string> = Known | (string & Record<never, never>);

function word<const Known extends string>(known: readonly Known[]): z.ZodType<Word<Known>> {
	return z.string().meta({ examples: [...known] });
}

/** Shops number their products, or name them. */
const id = z.union([z.string(), z.number()]).nullish();
const text = z.string().nullish();
const amount = z.number().nullish();
/** Money comes as a number or, exact, as its decimal digits. */
const money = z.union([z.number(), z.string()]).nullish();
/** ISO 8601, or milliseconds since 1970. */
const time = z.union([z.string(), z.number()]).nullish();
const flag = z.boolean().nullish();
const step = word(STEPS).nullish();

const METHODS = ['auto', 'manual', 'hybrid'] as const;
const product = { productId: id, productTitle: text, productPrice: money };
const operation = word(['inpaint', 'segment', 'remove_bg', 'upscale']).nullish();
const regenerationReason = word(['user_requested', 'auto_retry', 'quality_fail']).nullish();

const sessions = {
	session_started: z.looseObject({
		...product,
		entryPoint: text,
		referrer: text,
		timeOnPageBeforeArMs: amount,
		flow: text,
		env: text,
		flow_version: text,
		app_version: text,
		worker_version: text
	}),
	session_ended: z.looseObject({
		status: word(END_STATUSES).nullish(),
		durationMs: amount,
		abandonmentStep: step,
		abandonmentReason: text,
		reason: text,
		postArAction: text,
		addedToCart: flag
	})
};

const steps = {
	step_update: z.looseObject({
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
};

const errors = {
	error: z.looseObject({
		errorCode: text,
		errorMessage: text,
		severity: word(SEVERITIES).nullish(),
		step,
		isUserFacing: flag,
		stack: text,
		stackTrace: text
	})
};

const ai = {
	ai_request: z.looseObject({
		/** One id is one request, however many events tell of it. */
		requestId: text,
		provider: text,
		model: text,
		modelVersion: text,
		operation,
		startedAt: time,
		completedAt: time,
		durationMs: amount,
		status: word(['pending', 'success', 'failed', 'timeout']).nullish(),
		costUsd: money,
		isRegeneration: flag,
		regenerationReason,
		errorMessage: text,
		step
	}),
	regeneration_requested: z.looseObject({
		provider: text,
		model: text,
		operation,
		reason: regenerationReason,
		step
	})
};

const interactions = {
	user_action: z.looseObject({
		/** With zoom_pan the deployed clients write zoom_in, zoom_out or pan here. */
		action: word(['retake_photo', 'mask_edit', 'placement_adjust', 'zoom_pan', 'help_click']).nullish(),
		editType: word(['add', 'remove', 'reset']).nullish(),
		adjustType: word(['move', 'scale', 'rotate']).nullish(),
		context: text,
		step
	})
};

const conversion = {
	post_ar_action: z.looseObject({
		action: word(['add_to_cart', 'continue_browsing', 'leave']).nullish(),
		...product
	}),
	add_to_cart_from_ar: z.looseObject({ ...product, sessionDurationMs: amount }),
	ar_button_impression: z.looseObject({ ...product, timeOnPage: amount }),
	ar_button_click: z.looseObject({ ...product, timeOnPage: amount })
};

const setup = {
	setup_started: z.looseObject({ productId: id }),
	setup_completed: z.looseObject({ productId: id }),
	setup_abandoned: z.looseObject({ productId: id, abandonedAt: step }),
	image_prepared: z.looseObject({ productId: id, method: word(METHODS).nullish(), processingTimeMs: amount })
};

/** The known event types by family, each with the schema of its `data`. */
export const FAMILIES = { sessions, steps, errors, ai, interactions, conversion, setup };

/** The schema of each known event type's `data`. */
export const EVENT_DATA = { ...sessions, ...steps, ...errors, ...ai, ...interactions, ...conversion, ...setup };

/** What each known event type carries in its `data`. */
export type EventMap = { [Type in keyof typeof EVENT_DATA]: z.infer<(typeof EVENT_DATA)[Type]> };
