/** The AI requests of a session: told when they begin and when they end, tried again when they fail, and paid for. */
import type { Step } from '../lib/events/vocabulary';
import type { Visitor } from './journey';
import { modelFor, type Model, type Operation } from './providers';
import type { Story } from './story';
import { isIn } from './troubles';

/** The shopper's wish for another result. */
interface Again {
	reason: 'user_requested' | 'auto_retry' | 'quality_fail';
	model: Model;
}

const TIMEOUT_MS = 45_000;
const WELL = { slower: 1, failed: 0.02, timeout: 0.006 };
const DEGRADED = { slower: 3.2, failed: 0.28, timeout: 0.2 };
const ANSWERS = ['429 Too Many Requests', '500 Internal Server Error', '503 Service Unavailable', 'NSFW filter'];

/** Asks until it succeeds, at most three times: then the step has failed. */
export function askProvider(visitor: Visitor, story: Story, operation: Operation, step: Step): 'done' | 'failed' {
	let model = modelFor(visitor.random, operation, visitor.shop.provider);
	let again: Again | null = null;
	for (let attempt = 1; attempt <= 3; attempt++) {
		if (request(visitor, story, step, operation, model, again)) return 'done';
		// The second retry goes elsewhere.
		if (attempt === 2) model = modelFor(visitor.random, operation, visitor.random.whole(0, 9));
		again = { reason: 'auto_retry', model };
		story.wait(visitor.random.skewed(800));
	}
	return 'failed';
}

/** The shopper, or a check of the quality, wants another result. */
export function regenerate(visitor: Visitor, story: Story): 'done' | 'failed' {
	const { random, shop } = visitor;
	const model = modelFor(random, 'inpaint', shop.provider);
	const reason = random.chance(0.8) ? 'user_requested' : 'quality_fail';
	const { provider, model: name } = model;
	story.tell('regeneration_requested', { provider, model: name, operation: 'inpaint', reason, step: 'inpaint' });
	story.wait(200);
	if (request(visitor, story, 'inpaint', 'inpaint', model, { reason, model })) return 'done';
	// The earlier result is still there.
	return random.chance(0.7) ? 'done' : 'failed';
}

/** One request, from `pending` to its outcome; whether it succeeded. */
function request(
	{ random, troubles, moment, shop }: Visitor,
	story: Story,
	step: Step,
	operation: Operation,
	model: Model,
	again: Again | null
): boolean {
	const { provider, model: name, modelVersion, price, takes } = model;
	const isDegraded = troubles.degraded.some((one) => one.provider === provider && isIn(one, moment));
	const odds = isDegraded ? DEGRADED : WELL;
	const lot = random.next();
	const status = lot < odds.timeout ? 'timeout' : lot < odds.timeout + odds.failed ? 'failed' : 'success';
	const durationMs =
		status === 'timeout' ? TIMEOUT_MS : Math.round(Math.min(random.skewed(takes * odds.slower, 0.4), TIMEOUT_MS - 1));
	// A larger picture costs more. What failed costs nothing; what timed out may have been made all the same, and is billed.
	const size = operation === 'inpaint' ? random.pick([2, 2, 2, 3, 4]) : 2;
	const cost = status === 'failed' ? 0 : (price * size) / 2;

	const about = {
		requestId: story.requestId(),
		provider,
		model: name,
		modelVersion,
		operation,
		step,
		isRegeneration: again !== null,
		...(again === null ? {} : { regenerationReason: again.reason })
	};
	// The modal tells of requests when they are over.
	if (shop.client !== 'modal') story.tell('ai_request', { ...about, status: 'pending' });
	story.wait(durationMs);
	const outcome = { ...about, status, durationMs, costUsd: cost / 1e6 };
	if (status === 'success') story.tell('ai_request', outcome, cost);
	else {
		const errorMessage =
			status === 'timeout'
				? `No answer from ${provider} within ${TIMEOUT_MS} ms (request ${random.code(12)})`
				: `${provider} answered ${random.pick(ANSWERS)} (request ${random.code(12)})`;
		story.tell('ai_request', { ...outcome, errorMessage }, cost);
		story.tell('error', {
			errorCode: status === 'timeout' ? 'AI_TIMEOUT' : 'AI_REQUEST_FAILED',
			errorMessage,
			severity: 'error',
			step,
			isUserFacing: status === 'timeout'
		});
	}
	return status === 'success';
}
