/**
 * The Control Room's client: import it in browsers, in Node, wherever there is fetch.
 *
 *     const client = createClient({ endpoint: 'https://monitor.example.com/api/analytics/events', shopDomain: 'a.myshopify.com' });
 *     const session = client.session();
 *     session.start({ productId: 'p1', productTitle: 'Walnut sideboard' });
 *     session.step('room_capture').start();
 */
import type { EventMap } from '../lib/events/families';
import { createClient as createCore, type ClientOptions, type CoreClient } from './core';
import { deviceContext } from './device';
import { guarded } from './store';

export type { EventMap } from '../lib/events/families';
export { captureErrors, type CaptureOptions } from './capture';
export type { ClientOptions, CoreClient, OutgoingEvent } from './core';
export { deviceContext } from './device';
export type { DropReason, Limits } from './sender';
export type { DataOf, Session, Step, Track } from './session';
export { memoryStore, type Store } from './store';

/** The core's client, and what merchants' product pages tell of. */
export interface Client<Events = EventMap> extends CoreClient<Events> {
	setupStarted(data?: EventMap['setup_started']): void;
	setupCompleted(data?: EventMap['setup_completed']): void;
	setupAbandoned(data?: EventMap['setup_abandoned']): void;
	imagePrepared(data?: EventMap['image_prepared']): void;
}

/**
 * Makes a client whose events say what the shopper's device is. `Custom` maps the shop's own event types to their data:
 * `createClient<{ room_uploaded: { fileSize: number } }>({ … })`.
 */
export function createClient<Custom = unknown>(options: ClientOptions): Client<EventMap & Custom>;
export function createClient(options: ClientOptions): Client {
	const core = createCore({ ...options, deviceContext: options.deviceContext ?? guarded(deviceContext) });
	return {
		...core,
		setupStarted: (data) => void core.track('setup_started', data),
		setupCompleted: (data) => void core.track('setup_completed', data),
		setupAbandoned: (data) => void core.track('setup_abandoned', data),
		imagePrepared: (data) => void core.track('image_prepared', data)
	};
}
