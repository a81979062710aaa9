/** /api/webhooks/shopify: what Shopify asks of every app that may hold data of a shop's customers. */
import { z } from 'zod';
import { failures, json, UNCACHED } from '../answers';
import type { Operation } from '../operation';

const text = z.union([z.string(), z.number()]).nullish();
const shop = { shop_id: z.number().optional(), shop_domain: z.string() };
const customer = z.object({ id: text, email: text, phone: text });
/** Without the challenge of an API token: nobody can answer it. */
const unsigned = { ...failures(['invalid_signature'])[401], headers: {} };

export const shopifyWebhook: Operation = {
	id: 'shopifyWebhook',
	method: 'post',
	path: '/api/webhooks/shopify',
	summary: 'Shopify’s compliance webhooks',
	description:
		'For `customers/data_request`, `customers/redact` and `shop/redact`. Needs the setting `SHOPIFY_API_SECRET`. The answer is 200 once the request is kept durably; it is then worked at, and a repeated delivery is the same request.',
	parameters: {
		header: z.object({
			'X-Shopify-Topic': z.string(),
			'X-Shopify-Hmac-Sha256': z.string().describe('Base64 of the HMAC-SHA256 of the body with the app’s secret.'),
			'X-Shopify-Webhook-Id': z.string().optional().describe('The same for each delivery of one request.')
		})
	},
	body: {
		description: 'As Shopify sends it; at most 64 KiB.',
		content: {
			'application/json': z.union([
				z.object({ ...shop, customer, orders_requested: z.array(z.unknown()).optional() }),
				z.object(shop)
			])
		},
		examples: []
	},
	sample: null,
	answers: {
		200: json(
			'It is kept.',
			z.strictObject({ recorded: z.string().describe('Of the erasure or the request.') }),
			UNCACHED
		),
		...failures(['bad_request', 'invalid_json', 'not_found', 'method_not_allowed', 'body_too_large']),
		401: { description: 'Shopify did not sign this.', ...unsigned }
	}
};
