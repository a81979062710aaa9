/**
 * The method names of the client that shops have deployed, over this one: replacing its file is enough. What each sends
 * is what it sent; what is new is that nothing gets lost on the way.
 */
import type { EventMap } from '../lib/events/families';
import { createClient, type Client, type Session } from './index';
import { guarded } from './store';

type Fields = Record<string, unknown>;

export interface AnalyticsConfig {
	shopDomain: string;
	/** Default: the path of the endpoint on the page's own origin, or that of the script tag's. */
	endpoint?: string;
	/** The write key of a browser, where the Control Room has keys. */
	key?: string;
	debug?: boolean;
	/** Events. */
	batchSize?: number;
	/** Milliseconds. */
	flushInterval?: number;
}

const PATH = '/api/analytics/events';
/** The endpoint of the server that the script tag's file comes from; in modules that of the page's own origin. */
export const defaultEndpoint = besideScript();

/** Must be asked while the script runs for the first time: later there is no current script. */
function besideScript(): string {
	try {
		const script = document.currentScript;
		return script instanceof HTMLScriptElement ? new URL(PATH, script.src).href : PATH;
	} catch {
		// No page, or a script that came from no server.
		return PATH;
	}
}

/** The deployed client's class, method for method. */
export class SeeItAnalytics {
	/** The client that does the work, for what the old names cannot say. */
	readonly client: Client;
	private session: Session | null = null;
	private step: string | null = null;
	private product: Fields = {};
	private startedAt = 0;
	private readonly loadedAt = Date.now();

	constructor({ shopDomain, endpoint = defaultEndpoint, key, debug, batchSize = 10, flushInterval }: AnalyticsConfig) {
		this.client = createClient({
			endpoint,
			shopDomain,
			key,
			debug,
			maxBatchEvents: batchSize,
			flushIntervalMs: flushInterval
		});
	}

	/** Begins a session and returns its id. */
	startSession(productId: string, productTitle?: string, productPrice?: number, sessionId?: string): string {
		this.session = this.client.session(sessionId || undefined);
		this.startedAt = Date.now();
		this.product = { productId, productTitle, productPrice };
		this.step = null;
		this.session.start({
			...this.product,
			entryPoint: entryPoint(),
			referrer: (typeof document === 'object' && document.referrer) || null,
			timeOnPageBeforeArMs: Date.now() - this.loadedAt
		});
		return this.session.id;
	}

	/** Does nothing without a session, as before. */
	endSession(status: 'completed' | 'abandoned' | 'error', metadata?: Fields): void {
		if (!this.session) return;
		this.session.end(status, metadata);
		this.session = null;
		this.step = null;
		this.product = {};
		void this.flush();
	}

	/** Does nothing without a session, as before. */
	trackStep(step: string, status: 'started' | 'completed' | 'failed' | 'skipped', metadata?: Fields): void {
		if (!this.session) return;
		if (status === 'started') this.step = step;
		const one = this.session.step(step);
		if (status === 'started') one.start(metadata);
		else if (status === 'completed') one.complete(metadata);
		else if (status === 'failed') one.fail(undefined, metadata);
		else one.skip(metadata);
	}

	trackAIRequest(data: EventMap['ai_request']): void {
		this.trackEvent('ai_request', merged({}, data, { step: this.step }));
	}

	trackRegeneration(provider: string, model: string, operation: string, reason?: string): void {
		this.trackEvent('regeneration_requested', { provider, model, operation, reason, step: this.step });
	}

	trackError(errorCode: string, errorMessage: string, severity = 'error', metadata?: Fields): void {
		const step = this.step;
		this.trackEvent('error', merged({ errorCode, errorMessage, severity, step, isUserFacing: true }, metadata));
	}

	trackARButtonImpression(): void {
		this.trackEvent('ar_button_impression', { ...this.product, timeOnPage: Date.now() - this.loadedAt });
	}

	trackARButtonClick(): void {
		this.trackEvent('ar_button_click', { ...this.product, timeOnPage: Date.now() - this.loadedAt });
	}

	/** `add_to_cart` is told twice, as the action and as the addition, as before. */
	trackPostArAction(action: 'add_to_cart' | 'continue_browsing' | 'leave'): void {
		this.trackEvent('post_ar_action', { action, ...this.product });
		if (action !== 'add_to_cart') return;
		const sessionDurationMs = this.session ? Date.now() - this.startedAt : null;
		this.trackEvent('add_to_cart_from_ar', { ...this.product, sessionDurationMs });
	}

	trackUserAction(action: string, metadata?: Fields): void {
		this.trackEvent('user_action', merged({ action, step: this.step }, metadata));
	}

	trackRetake(): void {
		this.trackUserAction('retake_photo');
	}

	trackMaskEdit(editType: 'add' | 'remove' | 'reset'): void {
		this.trackUserAction('mask_edit', { editType });
	}

	trackPlacementAdjust(adjustType: 'move' | 'scale' | 'rotate'): void {
		this.trackUserAction('placement_adjust', { adjustType });
	}

	/** The event's action is the direction, as the deployed clients have it. */
	trackZoomPan(action: 'zoom_in' | 'zoom_out' | 'pan'): void {
		this.trackUserAction('zoom_pan', { action });
	}

	trackHelpClick(context: string): void {
		this.trackUserAction('help_click', { context });
	}

	trackSetupStarted(productId: string): void {
		this.client.setupStarted({ productId });
	}

	trackSetupCompleted(productId: string, metadata?: Fields): void {
		this.client.setupCompleted(merged({ productId }, metadata));
	}

	trackSetupAbandoned(productId: string, step: string): void {
		this.client.setupAbandoned({ productId, abandonedAt: step });
	}

	trackImagePrepared(productId: string, method: string, processingTimeMs: number, metadata?: Fields): void {
		this.client.imagePrepared(merged({ productId, method, processingTimeMs }, metadata));
	}

	/** Any event, in the session if there is one. */
	trackEvent(type: string, data: Fields = {}): void {
		(this.session ?? this.client).track(type, data);
	}

	flush(): Promise<void> {
		return this.client.flush();
	}

	destroy(): void {
		void this.client.shutdown();
	}
}

let instance: SeeItAnalytics | null = null;

/** Makes the page's one client, in place of an earlier one. */
export function initAnalytics(config: AnalyticsConfig): SeeItAnalytics {
	instance?.destroy();
	return (instance = new SeeItAnalytics(config));
}

/** The page's one client; null before initAnalytics. */
export function getAnalytics(): SeeItAnalytics | null {
	return instance;
}

export default SeeItAnalytics;

/** The shop's own fields with the others. Where theirs throw when they are looked at they stay alone: the client reports them. */
function merged(before: Fields, shops: Fields | undefined, after?: Fields): Fields {
	return guarded(() => ({ ...before, ...shops, ...after })) ?? shops ?? before;
}

/** Where the shopper came from, in the deployed client's words. */
function entryPoint(): string {
	if (typeof document !== 'object' || !document.referrer) return 'direct';
	try {
		if (new URL(document.referrer).hostname !== location.hostname) return 'external';
	} catch {
		return 'unknown';
	}
	const { pathname } = location;
	return pathname.includes('/products/')
		? 'product_page'
		: pathname.includes('/collections/')
			? 'collection'
			: 'internal';
}
