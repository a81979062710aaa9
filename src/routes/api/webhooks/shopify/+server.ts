/** Shopify's compliance webhooks: customers/data_request, customers/redact, shop/redact. */
import { note } from '$lib/server/access/audit';
import { answered } from '$lib/server/api/commands';
import { failure } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestEvent, RequestHandler } from './$types';

const MOST_BYTES = 64 * 1024;
/** Shopify sends again what was not answered 200, for two days. */
const RETRY_AFTER_SECONDS = 30;

export const POST: RequestHandler = async (event) => {
	try {
		return await receive(event);
	} catch (error) {
		event.locals.log.error({ err: error, path: event.url.pathname }, 'a webhook could not be kept');
		const answer = failure('database_unavailable', 'It can not be kept just now. Send it again.');
		answer.headers.set('retry-after', String(RETRY_AFTER_SECONDS));
		return answer;
	}
};

async function receive(event: RequestEvent): Promise<Response> {
	const { headers } = event.request;
	const topic = headers.get('x-shopify-topic');
	const body = await bytesOf(event.request);
	if (body === null) return failure('body_too_large', 'A webhook has at most 64 KiB.');
	const outcome = await event.locals.pipeline.forgetting.receive({
		topic,
		signature: headers.get('x-shopify-hmac-sha256'),
		delivery: headers.get('x-shopify-webhook-id'),
		body
	});
	if ('code' in outcome) return failure(outcome.code, outcome.message);
	if (topic !== 'customers/data_request') {
		const by = { visitor: { ...event.locals.visitor, name: 'Shopify' }, address: event.getClientAddress() };
		const { sql } = event.locals.pipeline.access;
		await note(sql, by, { action: 'erasure.started', object: outcome.recorded, detail: { topic } });
	}
	return answered(outcome);
}

export const fallback: RequestHandler = () => methodNotAllowed('POST');

/** The body as it came; null when it is too large. */
async function bytesOf({ body }: Request): Promise<Uint8Array | null> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of body ?? []) {
		size += chunk.length;
		if (size > MOST_BYTES) return null;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}
