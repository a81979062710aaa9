/** /api/openapi.json: the document itself. */
import { z } from 'zod';
import { failures, json, OPEN } from '../answers';
import type { Operation } from '../operation';

export const describeApi: Operation = {
	id: 'describeApi',
	method: 'get',
	path: '/api/openapi.json',
	summary: 'The API as OpenAPI 3.1',
	description:
		'This document. It is made from the schemas that the product itself uses, and checked against its answers.',
	answers: {
		200: json('The document.', z.looseObject({ openapi: z.literal('3.1.1') }), {
			...OPEN,
			'Cache-Control': z.literal('private, max-age=300')
		}),
		...failures(['method_not_allowed'], OPEN)
	}
};
