/**
 * Which types of events a merge must expect. What is not among a group's events is left out of its statement: Postgres
 * prepares every expression of a statement each time it runs, and for a commit of one event that was most of the work
 * (1.37 ms of CPU with everything in it, 0.5 to 0.8 ms with what one event needs).
 */
import { SESSION_TIMED_OUT } from '../../events/vocabulary';

export interface Expected {
	errors: boolean;
	aiRequests: boolean;
	steps: boolean;
	/** What begins, ends or crowns a session: few of a session's events. */
	lifecycle: boolean;
}

export const EVERYTHING: Expected = { errors: true, aiRequests: true, steps: true, lifecycle: true };

const LIFECYCLE = new Set([
	'session_started',
	'session_ended',
	SESSION_TIMED_OUT,
	'post_ar_action',
	'add_to_cart_from_ar',
	'regeneration_requested'
]);

/** What to expect of events of these types. */
export function expectedOf(types: Iterable<string>): Expected {
	const expected = { errors: false, aiRequests: false, steps: false, lifecycle: false };
	for (const type of types) {
		if (type === 'step_update') expected.steps = true;
		else if (type === 'error') expected.errors = true;
		else if (type === 'ai_request') expected.aiRequests = true;
		else if (LIFECYCLE.has(type)) expected.lifecycle = true;
	}
	return expected;
}
