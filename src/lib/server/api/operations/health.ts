/** /healthz and /readyz, for whoever watches over the process. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';
import { named } from '../schemas';

export const health: Operation = {
	id: 'health',
	method: 'get',
	path: '/healthz',
	summary: 'Does the process live?',
	answers: {
		200: json('It lives.', z.strictObject({ status: z.literal('ok') }), UNCACHED),
		...failures(['method_not_allowed'])
	}
};

const reasons = z.array(z.string());

export const readiness: Operation = {
	id: 'readiness',
	method: 'get',
	path: '/readyz',
	summary: 'Can it commit, and does it hear what is committed?',
	answers: {
		200: json(
			'It can take events.',
			named('Ready', z.strictObject({ status: z.literal('ready'), reasons: reasons.length(0) })),
			UNCACHED
		),
		...failures(['method_not_allowed']),
		503: json(
			'Not now, and why.',
			named('NotReady', z.strictObject({ status: z.literal('not ready'), reasons: reasons.min(1) })),
			UNCACHED
		)
	}
};
