/** Tabs of one shop, as far as the SDK can tell them from a browser's: globals that stand in for the page's. */
import { vi } from 'vitest';
import { fakeServer, type FakeServer } from './sdk-server';

type Sdk = typeof import('../../src/sdk/index');

const ENDPOINT = 'http://127.0.0.1/api/analytics/events';
const IPHONE =
	'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

/** localStorage of one origin, with a bound; as in browsers, its keys are those of its items. */
class FakeStorage {
	items = new Map<string, string>();
	full = false;
	forbidden = false;
	readonly storage = new Proxy(this, {
		get: (_, name) => {
			if (this.forbidden) throw new Error('SecurityError');
			const own: unknown = Reflect.get(this, name);
			return typeof own === 'function' ? (own.bind(this) as unknown) : own;
		},
		ownKeys: () => {
			if (this.forbidden) throw new Error('SecurityError');
			return [...this.items.keys()];
		},
		getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true })
	});
	get length(): number {
		return this.items.size;
	}
	getItem(key: string): string | null {
		return this.items.get(key) ?? null;
	}
	setItem(key: string, value: string): void {
		if (this.full) throw new Error('QuotaExceededError');
		this.items.set(key, value);
	}
	removeItem(key: string): void {
		this.items.delete(key);
	}
}

/** The shop's tabs, their storage, and the server. */
export interface Tabs {
	server: FakeServer;
	origin: FakeStorage;
	/** Opens a tab without Web Locks, as of an insecure origin; its SDK is a copy of its own. */
	openTab: (agent?: object) => ReturnType<typeof openTab>;
}

/** Begins a test in a time that stands still. */
export function beginTabs(): Tabs {
	vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 10) });
	const server = fakeServer();
	const origin = new FakeStorage();
	return { server, origin, openTab: (agent) => openTab(server, origin, agent) };
}

/** Ends it. */
export function endTabs(): void {
	vi.useRealTimers();
	vi.unstubAllGlobals();
}

async function openTab(server: FakeServer, origin: FakeStorage, agent: object = {}) {
	const page = new EventTarget();
	const document = { hidden: false, referrer: '' };
	vi.stubGlobal('document', document);
	vi.stubGlobal('navigator', { userAgent: IPHONE, ...agent });
	vi.stubGlobal('screen', { width: 390, height: 844 });
	vi.stubGlobal('localStorage', origin.storage);
	vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
	vi.resetModules();
	const sdk: Sdk = await import('../../src/sdk/index');
	const drops: [string, string][] = [];
	const client = sdk.createClient({
		endpoint: ENDPOINT,
		shopDomain: 'a.myshopify.com',
		fetch: server.fetch,
		onDrop: (event, reason) => drops.push([event.type, reason])
	});
	return { sdk, client, drops, document, fire: (type: string) => page.dispatchEvent(new Event(type)) };
}
