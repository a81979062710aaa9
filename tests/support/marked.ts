/** Events of shops whose every text says whose it is, so that a look at an answer tells what came through. */
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { event } from './events';

export interface Mark {
	/** Null: events that name no shop. */
	shop: string | null;
	/** Is part of every text of the shop's own. */
	word: string;
	/** Stands where shops differ in a number alone: in the message of an error that they share. */
	number: string;
	/** How much there is of it. */
	sessions: number;
}

const MINUTE = 60_000;
const SHARED = 'E_SHARED';

/** The session of a shop with this number. */
export function sessionOf({ word }: Mark, number: number): string {
	return `s-${word}-${number}`;
}

/** Everything that a shop may tell, over the last two hours before `now`. */
export function eventsOf(mark: Mark, now: number): LogEvent[] {
	const { shop, word, number, sessions } = mark;
	const own = (suffix: string) => `${word}-${suffix}`;
	const deviceContext = {
		deviceType: own('phone'),
		os: own('os'),
		osVersion: own('1'),
		browser: own('browser'),
		browserVersion: own('2')
	};
	let count = 0;
	const told = (type: string, minutes: number, data: Record<string, unknown>, sessionId: string | null): LogEvent => {
		const at = now - minutes * MINUTE;
		const told = {
			id: own(`event-${(count += 1)}`),
			sessionId,
			shopDomain: shop,
			clientTime: at,
			serverTime: at,
			data
		};
		return event(type, { ...told, deviceContext, userAgent: own('agent'), ip: null });
	};
	const session = (n: number): LogEvent[] => {
		const id = sessionOf(mark, n);
		const begun = 120 - n * 2;
		const isLast = n === sessions;
		const started = isLast ? 4 : begun;
		const at = (minutes: number) => started - minutes;
		const product = { productId: own(`product-${n}`), productTitle: own(`sofa ${n}`), productPrice: 10 + n };
		const cameFrom = { entryPoint: own('page'), referrer: `https://${own('referrer')}.example/`, flow: own('flow'), env: own('env') }; // prettier-ignore
		const request = { provider: own('ai'), model: own('model'), operation: own('operation'), step: 'inpaint' };
		return [
			told('ar_button_impression', at(-0.5), {}, null),
			told('ar_button_click', at(-0.2), {}, null),
			told('session_started', at(0), { ...product, ...cameFrom }, id),
			told('step_update', at(0.1), { step: 'room_capture', status: 'completed', durationMs: 900 }, id),
			told('step_update', at(0.2), { step: 'mask', status: 'failed', errorCode: own('mask-code'), errorMessage: own('mask message') }, id),
			told('ai_request', at(0.3), { ...request, requestId: own(`r${n}`), status: 'success', costUsd: '0.04', durationMs: 800 }, id),
			told('ai_request', at(0.4), { ...request, requestId: own(`q${n}`), status: 'success' }, id),
			told('ai_request', at(0.5), { ...request, requestId: own(`f${n}`), status: 'failed', errorMessage: own('ai failed'), isRegeneration: true, regenerationReason: own('again') }, id),
			told('error', at(0.6), { errorCode: own('code'), errorMessage: own('went wrong'), severity: own('severity'), step: own('step'), stack: own('stack') }, id),
			told('error', at(0.7), { errorCode: SHARED, errorMessage: `Gave up after ${number} s`, severity: own('severe'), step: 'inpaint' }, id),
			told(own('custom'), at(0.8), { [own('field')]: own('value'), nested: { deep: own('deep') } }, id),
			told('setup_started', at(0.9), { productId: own(`product-${n}`) }, null),
			...(n % 2 === 0 ? [told('setup_abandoned', at(1), { productId: own(`product-${n}`), abandonedAt: own('setup-step') }, null)] : []),
			told('image_prepared', at(1.1), { productId: own(`product-${n}`), method: own('method'), processingTimeMs: 100 + n }, null),
			...(isLast ? [] : [
				told('session_ended', at(1.5), n % 2 === 0 ? { status: 'completed', durationMs: 90_000 } : { status: 'abandoned', abandonmentStep: own('left-at'), abandonmentReason: own('reason') }, id),
				told('post_ar_action', at(1.6), { action: own('after') }, id),
				told('add_to_cart_from_ar', at(1.7), {}, id)
			])
		]; // prettier-ignore
	};
	return Array.from({ length: sessions }, (_, index) => session(index + 1)).flat();
}
