/**
 * What a screen needs that nobody looks after: it stays awake, hides the cursor, does not burn in, and renews itself
 * after a deploy. Each of these is started for the life of a page and returns its own end.
 */
import type { LiveTopic } from '$lib/live/topic.svelte';
import { jitter } from '$lib/live/socket';

const CURSOR_IDLE_MS = 5_000;
const LEFT_ALONE_MS = 2 * 60_000;
const SHIFT_EVERY_MS = 3 * 60_000;
const RELOAD_WITHIN_MS = 30_000;

/** Is this an unattended screen, with `?kiosk=1`? */
export function isKiosk(url: URL): boolean {
	const value = url.searchParams.get('kiosk');
	return value !== null && value !== '0';
}

/** Keeps the screen on while `wanted`; the lock is lost whenever the page is hidden, so it is asked for again. */
export function holdWakeLock(wanted: () => boolean): () => void {
	let lock: WakeLockSentinel | null = null;
	const request = async () => {
		if (!wanted() || document.visibilityState !== 'visible' || (lock && !lock.released)) return;
		try {
			lock = await navigator.wakeLock.request('screen');
		} catch {
			// Not supported, no HTTPS, or a low battery: the screen's own settings decide then.
			lock = null;
		}
	};
	const ask = () => void request();
	ask();
	document.addEventListener('visibilitychange', ask);
	document.addEventListener('fullscreenchange', ask);
	return () => {
		document.removeEventListener('visibilitychange', ask);
		document.removeEventListener('fullscreenchange', ask);
		void lock?.release();
	};
}

/** Hides the cursor while nobody moves it. */
export function hideIdleCursor(): () => void {
	const root = document.documentElement;
	let timer: ReturnType<typeof setTimeout> | undefined;
	const moved = () => {
		root.classList.remove('cursor-idle');
		clearTimeout(timer);
		timer = setTimeout(() => root.classList.add('cursor-idle'), CURSOR_IDLE_MS);
	};
	moved();
	addEventListener('pointermove', moved, { passive: true });
	return () => {
		removeEventListener('pointermove', moved);
		clearTimeout(timer);
		root.classList.remove('cursor-idle');
	};
}

/** Calls `leave` once nobody has touched the page for a while: what a visitor opened on the wall closes again. */
export function whenLeftAlone(leave: () => void): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const touched = () => {
		clearTimeout(timer);
		timer = setTimeout(leave, LEFT_ALONE_MS);
	};
	touched();
	const signs = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const;
	for (const sign of signs) addEventListener(sign, touched, { passive: true });
	return () => {
		for (const sign of signs) removeEventListener(sign, touched);
		clearTimeout(timer);
	};
}

/** Moves the element by a pixel or two now and then, against burn-in: around a small square, never visibly. */
export function shiftPixels(element: HTMLElement): () => void {
	const places = ['0 0', '2px 0', '2px 2px', '0 2px', '-1px 1px', '0 -1px', '1px -2px'];
	let turn = 0;
	const timer = setInterval(() => {
		turn = (turn + 1) % places.length;
		element.style.translate = places[turn] ?? '0 0';
	}, SHIFT_EVERY_MS);
	return () => clearInterval(timer);
}

/** Tells when the server runs another build than the one that this page came from. */
export class Renewal {
	/** A newer build is there, and a person may be in the middle of something: ask. */
	offered = $state(false);
	#begun = false;

	/** Watches a topic's build; where nobody watches the page (kiosk, hidden) it reloads by itself. */
	watch<S, C>(live: LiveTopic<S, C>, first: string, kiosk: () => boolean): () => void {
		$effect(() => {
			// A page that was rendered without a state does not know its build.
			if (first === '' || live.build === first || this.#begun) return;
			this.offered = !kiosk();
			if (kiosk()) void this.#reload();
		});
		const hidden = () => {
			if (document.visibilityState === 'hidden' && this.offered) void this.#reload();
		};
		document.addEventListener('visibilitychange', hidden);
		return () => document.removeEventListener('visibilitychange', hidden);
	}

	async #reload(): Promise<void> {
		if (this.#begun) return;
		this.#begun = true;
		await reloadWithin(RELOAD_WITHIN_MS);
	}
}

/** Waits a while, so that not all screens come at once, and makes sure that there is something to load: a browser's
 * own error page would be the end of an unattended screen. */
export async function reloadWithin(withinMs: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, Math.random() * withinMs));
	for (;;) {
		const answer = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
		if (answer?.ok) {
			location.reload();
			return;
		}
		await new Promise((resolve) => setTimeout(resolve, jitter(5_000)));
	}
}
