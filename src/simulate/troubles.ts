/**
 * What does not go well in a run, and when: errors come in clusters, of one shop or one kind of device; a provider is slow
 * and fails for a while; a shop goes quiet. A moment of the run is the share of its visits that came before (0 to 1), so
 * that the same visits are struck whenever the run takes place.
 */
import { FAULTS, type Fault } from './faults';
import { MODELS } from './providers';
import { randomOf } from './random';
import type { Visitor } from './journey';

/** From this moment to that one. */
interface Stretch {
	from: number;
	to: number;
}

interface Cluster extends Stretch {
	fault: Fault;
	chance: number;
	strikes: (visitor: Visitor) => boolean;
}

export interface Troubles {
	clusters: Cluster[];
	degraded: (Stretch & { provider: string })[];
	/** The shop, by its place in the list, that sends nothing from this moment on; -1 where one shop is all there is. */
	quiet: { shop: number; from: number };
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The troubles of a run of this length. Short runs have a few all the same: that is what they are looked at for. */
export function troublesOf(seed: string, spanMs: number, shops: number): Troubles {
	const random = randomOf(seed, 'troubles');
	const stretch = (longestMs: number, longestShare: number): Stretch => {
		const length = Math.min(longestShare, random.skewed(longestMs, 0.4) / spanMs);
		const from = random.next() * (1 - length);
		return { from, to: from + length };
	};
	const days = spanMs / DAY;
	const clusters = Array.from({ length: 3 + Math.ceil(days * 0.8) }, (): Cluster => {
		const fault = random.pick(FAULTS);
		const shop = random.whole(0, shops - 1);
		const os = random.pick(['iOS', 'Android', 'Windows']);
		const browser = random.pick(['Safari', 'Chrome', 'Samsung Internet']);
		const strikes = [
			(visitor: Visitor) => visitor.shopAt === shop,
			({ device }: Visitor) => device.context.os === os,
			({ device }: Visitor) => device.context.browser === browser
		];
		return { ...stretch(2 * HOUR, 0.2), fault, chance: 0.3 + random.next() * 0.5, strikes: random.pick(strikes) };
	});
	const degraded = Array.from({ length: 1 + Math.floor(days / 7) }, () => {
		const { provider } = random.pick(MODELS.inpaint);
		return { ...stretch(5 * HOUR, 0.25), provider };
	});
	// Not the busiest one, which would be missed at once.
	const quiet = { shop: shops > 1 ? random.whole(1, Math.min(shops - 1, 6)) : -1, from: 0.55 + random.next() * 0.3 };
	return { clusters, degraded, quiet };
}

/** Whether the moment lies in the stretch. */
export function isIn({ from, to }: Stretch, moment: number): boolean {
	return moment >= from && moment < to;
}
