/**
 * Shopify's compliance webhooks. A request counts only with the signature that Shopify and this server alone can make of
 * its bytes, and is answered 200 only when what it asks for is kept durably; then it is worked at. What is delivered
 * twice is one request.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { askForData } from './data-requests';
import { requestErasure } from './ledger';
import { namesOf, type Subject } from './subject';

export interface Webhook {
	/** X-Shopify-Topic. */
	topic: string | null;
	/** X-Shopify-Hmac-Sha256. */
	signature: string | null;
	/** X-Shopify-Webhook-Id. */
	delivery: string | null;
	body: Uint8Array;
}

export type WebhookOutcome =
	{ recorded: string } | { code: 'invalid_signature' | 'not_found' | 'invalid_json' | 'bad_request'; message: string };

/** Shopify waits for five seconds. */
const ANSWER_WITHIN_MS = 4_000;

const shopDomain = z.string().min(1).max(255);
/** A number or a text, as Shopify's versions have it. */
const text = z
	.union([z.string(), z.number().transform(String)])
	.transform((value) => value.slice(0, 255) || null)
	.nullish()
	.transform((value) => value ?? null);
const ShopPayload = z.object({ shop_domain: shopDomain });
const CustomerPayload = ShopPayload.extend({ customer: z.object({ id: text, email: text, phone: text }) });

/** Takes a webhook in. @param secret null where none is set: then no request counts @throws when it can't be kept now */
export async function receiveWebhook(sql: Sql, secret: string | null, webhook: Webhook): Promise<WebhookOutcome> {
	const { topic, signature, body } = webhook;
	if (secret === null || signature === null || !isSigned(body, signature, secret)) {
		return { code: 'invalid_signature', message: 'X-Shopify-Hmac-Sha256 does not sign this body.' };
	}
	if (topic !== 'customers/data_request' && topic !== 'customers/redact' && topic !== 'shop/redact') {
		return { code: 'not_found', message: 'There is nothing to do for this topic.' };
	}
	let json: unknown;
	try {
		json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
	} catch {
		return { code: 'invalid_json', message: 'The body is not JSON.' };
	}
	const subject = subjectOf(topic, json);
	if (subject === null) return { code: 'bad_request', message: 'The body does not say whom it is about.' };
	const delivery = webhook.delivery?.slice(0, 255) || null;
	const kept = topic === 'customers/data_request' ? askForData(sql, subject, delivery) : requestErasure(sql, subject, 'shopify', delivery); // prettier-ignore
	return { recorded: (await within(ANSWER_WITHIN_MS, kept)).id };
}

function isSigned(body: Uint8Array, signature: string, secret: string): boolean {
	const expected = createHmac('sha256', secret).update(body).digest();
	const given = Buffer.from(signature, 'base64');
	return given.length === expected.length && timingSafeEqual(given, expected);
}

function subjectOf(topic: string, json: unknown): Subject | null {
	if (topic === 'shop/redact') {
		const { data } = ShopPayload.safeParse(json);
		return data ? { kind: 'shop', shopDomain: data.shop_domain } : null;
	}
	const { data } = CustomerPayload.safeParse(json);
	if (!data || namesOf(data.customer).length === 0) return null;
	return { kind: 'customer', shopDomain: data.shop_domain, customer: data.customer };
}
