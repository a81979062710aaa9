/**
 * The Control Room's client: import it in browsers, in Node, wherever there is fetch.
 *
 *     const client = createClient({ endpoint: 'https://monitor.example.com/api/analytics/events', shopDomain: 'a.myshopify.com' });
 *     const session = client.session();
 *     session.start({ productId: 'p1', productTitle: 'Walnut sideboard' });
 *     session.step('room_capture').start();
 */
import type { EventMap } from '../lib/events/families';
import { createClient as createCore, type Client, type ClientOptions } from './core';
import { deviceContext } from './device';

export type { EventMap } from '../lib/events/families';
export { captureErrors, type CaptureOptions } from './capture';
export type { Client, ClientOptions, OutgoingEvent } from './core';
export { deviceContext } from './device';
export type { DropReason, Limits } from './sender';
export type { DataOf, Session, Step, Track } from './session';
export { memoryStore, type Store } from './store';

/**
 * Makes a client whose events say what the shopper's device is. `Custom` maps the shop's own event types to their data:
 * `createClient<{ room_uploaded: { fileSize: number } }>({ … })`.
 */
export function createClient<Custom = unknown>(options: ClientOptions): Client<EventMap & Custom> {
	return createCore<Custom>({ ...options, deviceContext: options.deviceContext ?? deviceContext() });
}
