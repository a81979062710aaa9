/**
 * The plan of a run: which visits there are, when each begins, and what happens in it. A pure function of seed and
 * options, so that a run can be repeated exactly; both the live run and the history play it. Visits are made one at a
 * time, in the order of their time: a plan of millions of events takes no more memory than two numbers a visit.
 */
import { timelineOf } from './calendar';
import { deviceOf, type Device } from './devices';
import { lookerJourney, merchantJourney, shopperJourney, type Outcome, type Visitor } from './journey';
import { nameOf, randomOf, type Random } from './random';
import { shopsOf, type ClientKind, type Shop } from './shops';
import { Story, type PlannedEvent } from './story';
import { troublesOf } from './troubles';

export interface PlanOptions {
	seed: string;
	shops: number;
	/** About so many. */
	sessions: number;
	/** Length of the time in which visits begin, in milliseconds. */
	spanMs: number;
	/** When the run begins, for the hours and week days of its shops: milliseconds since 1970. */
	begins: number;
}

export interface Visit {
	/** Milliseconds from the run's begin to the visit's. */
	at: number;
	/** The shop's own domain. */
	shop: string;
	/** What the client says that it is: the beacon sometimes says ''. */
	shopDomain: string;
	client: ClientKind;
	device: Device;
	ip: string;
	events: PlannedEvent[];
	/** Null for visits without a session. */
	outcome: Outcome | null;
}

export interface Plan {
	/** Names the run: equal options but for `begins`, equal key. */
	key: string;
	shops: Shop[];
	visits: number;
	/** All visits, by the time of their begin. */
	inOrder(): Generator<Visit>;
}

/** Visits of each kind for one session. */
const KINDS = [
	{ journey: shopperJourney, share: 1 },
	{ journey: lookerJourney, share: 1.1 },
	{ journey: merchantJourney, share: 0.02 }
];
const SHARES = KINDS.map(({ share }) => share);

export function planOf(options: PlanOptions): Plan {
	const { seed, sessions, spanMs, begins } = options;
	const key = nameOf(seed, options.shops, sessions, spanMs);
	const shops = shopsOf(seed, options.shops);
	const timeline = timelineOf(begins, spanMs);
	const weights = shops.map(({ weight, zone }) => weight * timeline.activity(zone));
	const troubles = troublesOf(seed, spanMs, shops.length);
	const visits = Math.round(sessions * SHARES.reduce((sum, share) => sum + share));

	/** Who comes as the n-th visitor: the first numbers of its stream. */
	function arrival(number: number): { random: Random; kind: number; shopAt: number; shop: Shop; moment: number } {
		const random = randomOf(key, number);
		const moment = (number + random.next()) / visits;
		const kind = random.weighted(SHARES);
		let shopAt = random.weighted(weights);
		if (shopAt === troubles.quiet.shop && moment > troubles.quiet.from) shopAt = 0;
		const shop = shops[shopAt];
		if (!shop) throw new Error('a plan has at least one shop');
		return { random, kind, shopAt, shop, moment };
	}

	function visit(number: number, at: number): Visit {
		const { random, kind, shopAt, shop, moment } = arrival(number);
		const device = deviceOf(random);
		const visitor: Visitor = { moment, shop, shopAt, device, product: random.pick(shop.products), random, troubles };
		const story = new Story(`${key}_${number.toString(36)}`, shop.client, random);
		const outcome = KINDS[kind]?.journey(visitor, story) ?? null;
		return {
			at,
			shop: shop.domain,
			shopDomain: shop.client === 'beacon' && random.chance(0.08) ? '' : shop.domain,
			client: shop.client,
			device,
			// A range that is kept for examples.
			ip: `203.0.113.${random.whole(1, 254)}`,
			events: story.events,
			outcome
		};
	}

	return {
		key,
		shops,
		visits,
		*inOrder() {
			const starts = new Float64Array(visits);
			for (let number = 0; number < visits; number++) {
				const { shop, moment } = arrival(number);
				starts[number] = timeline.at(moment, shop.zone);
			}
			const order = Uint32Array.from(starts, (_, number) => number).sort(
				(one, other) => (starts[one] ?? 0) - (starts[other] ?? 0) || one - other
			);
			for (const number of order) yield visit(number, starts[number] ?? 0);
		}
	};
}

/** How many events a session brings with it, those of visitors without one included: the mean of a sample. */
export function eventsPerSession(options: Omit<PlanOptions, 'sessions' | 'begins'>): number {
	const sessions = 5_000;
	let events = 0;
	for (const visit of planOf({ ...options, sessions, begins: 0 }).inOrder()) events += visit.events.length;
	return events / sessions;
}
