/**
 * Which types of events a merge must expect. What is not among a group's events is left out of its statement: Postgres
 * prepares every expression of a statement each time it runs, and for a commit of one event that was most of the work
 * (1.37 ms of CPU with everything in it, 0.5 to 0.8 ms with what one event needs).
 */
import {
	ERROR_ACKNOWLEDGED,
	ERROR_REOPENED,
	ERROR_RESOLVED,
	PRICE_SET,
	SESSION_TIMED_OUT
} from '../../events/vocabulary';

export interface Expected {
	/** Errors, or what people say of groups of them. */
	errors: boolean;
	aiRequests: boolean;
	steps: boolean;
	/** What begins, ends or crowns a session: few of a session's events. */
	lifecycle: boolean;
	/** Of products, by merchants. */
	setups: boolean;
	prices: boolean;
}

export const EVERYTHING: Expected = {
	errors: true,
	aiRequests: true,
	steps: true,
	lifecycle: true,
	setups: true,
	prices: true
};

const NOTHING: Expected = {
	errors: false,
	aiRequests: false,
	steps: false,
	lifecycle: false,
	setups: false,
	prices: false
};

const LIFECYCLE = [
	'session_started',
	'session_ended',
	SESSION_TIMED_OUT,
	'post_ar_action',
	'add_to_cart_from_ar',
	'regeneration_requested'
];

const KIND_OF = new Map<string, keyof Expected>([
	['step_update', 'steps'],
	['ai_request', 'aiRequests'],
	...['error', ERROR_ACKNOWLEDGED, ERROR_RESOLVED, ERROR_REOPENED].map((type) => [type, 'errors'] as const),
	...['setup_started', 'setup_completed', 'setup_abandoned', 'image_prepared'].map((type) => [type, 'setups'] as const),
	[PRICE_SET, 'prices'],
	...LIFECYCLE.map((type) => [type, 'lifecycle'] as const)
]);

/** What to expect of events of these types. */
export function expectedOf(types: Iterable<string>): Expected {
	const expected = { ...NOTHING };
	for (const type of types) {
		const kind = KIND_OF.get(type);
		if (kind) expected[kind] = true;
	}
	return expected;
}
