/** Builders of events for tests: deliberate ones, and random ones for properties. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { STEPS } from '../../src/lib/events/vocabulary';
import { batchOf, eventKey, logRow, type Batch, type LogEvent } from '../../src/lib/server/commit/rows';

export const T0 = Date.UTC(2026, 0, 9, 11, 0, 0);

/** An event of session s1 in shop a at T0, but for what is said otherwise. */
export function event(type: string, change: Partial<LogEvent> = {}): LogEvent {
	return {
		id: null,
		type,
		sessionId: 's1',
		shopDomain: 'a.example',
		timestamp: null,
		data: {},
		deviceContext: null,
		extra: null,
		userAgent: null,
		ip: null,
		clientTime: T0,
		clockShiftMs: 0,
		serverTime: T0,
		...change
	};
}

export function batch(events: readonly LogEvent[]): Batch {
	return batchOf('ingest', events.map(logRow));
}

const E1_GROUP = createHash('md5').update('E1\n').digest('hex');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const number = fc.oneof(
	fc.integer({ min: -3, max: 20_000 }),
	fc.constant('12.5'),
	fc.constant(null),
	fc.constant('many')
);
const step = fc.oneof(
	{ weight: 9, arbitrary: fc.constantFrom(...STEPS) },
	{ weight: 1, arbitrary: fc.constant('lighting') }
);
const word = (...words: string[]) => maybe(fc.constantFrom(...words));

/** The group of errors with code E1 and no message, and one that nobody knows. */
const saidOfGroup = fc.record({ group: word(E1_GROUP, '0'.repeat(32), 'none'), by: word('ann', 'ben') });

const dataOf: Record<string, fc.Arbitrary<unknown>> = {
	session_started: fc.record({
		productId: word('p1', 'p2'),
		productTitle: word('Chair', '椅子'),
		productPrice: number,
		flow: word('v1', 'v2')
	}),
	session_ended: fc.record({
		status: word('completed', 'abandoned', 'error', 'in_progress'),
		durationMs: number,
		abandonmentStep: word(...STEPS),
		reason: word('page_unload'),
		postArAction: word('leave'),
		addedToCart: maybe(fc.boolean())
	}),
	session_timed_out: fc.constant({}),
	step_update: fc.record({
		step,
		status: word('started', 'completed', 'failed', 'skipped'),
		durationMs: number,
		retakeCount: number,
		errorCode: word('E1', 'E2'),
		autoVsManual: word('auto', 'manual')
	}),
	error: fc.record({
		errorCode: word('E1', 'E2'),
		errorMessage: word('Failed after 31 s', 'Failed after 7 s'),
		severity: word('critical', 'warning'),
		isUserFacing: maybe(fc.boolean())
	}),
	ai_request: fc.record({
		requestId: word('r1', 'r2', 'r3', ''),
		status: word('pending', 'success', 'failed'),
		provider: word('fal', 'replicate'),
		costUsd: fc.oneof(
			fc.integer({ min: 0, max: 500 }).map((cents) => cents / 1000),
			fc.constant(null),
			fc.constant('0.04')
		),
		isRegeneration: maybe(fc.boolean()),
		startedAt: word('2026-01-09T11:00:00Z', 'yesterday')
	}),
	regeneration_requested: fc.constant({}),
	post_ar_action: fc.record({ action: word('add_to_cart', 'leave') }),
	add_to_cart_from_ar: fc.constant({}),
	error_group_acknowledged: saidOfGroup,
	error_group_resolved: saidOfGroup,
	error_group_reopened: saidOfGroup,
	price_set: fc.record({
		provider: word('fal'),
		model: word('m1'),
		validFrom: word('2026-01-01', 'soon'),
		priceUsd: maybe(fc.constantFrom('0.10', 2)),
		by: word('ann')
	}),
	setup_started: fc.record({ productId: word('p1', 'p2') }),
	setup_completed: fc.record({ productId: word('p1', 'p2') }),
	setup_abandoned: fc.record({ productId: word('p1'), abandonedAt: word('mask') }),
	image_prepared: fc.record({ productId: word('p1'), method: word('auto') }),
	user_action: fc.record({ action: word('mask_edit') }),
	room_uploaded: fc.jsonValue()
};

/** Any event, of few sessions, shops and moments, so that they meet. The server's time follows from its content. */
const anyEvent: fc.Arbitrary<LogEvent> = fc
	.constantFrom(...Object.keys(dataOf))
	.chain((type) =>
		fc.record({
			type: fc.constant(type),
			id: fc.uuid().map((id) => id.slice(0, 8)),
			sessionId: fc.oneof(
				{ weight: 9, arbitrary: fc.constantFrom('s1', 's2', 's3') },
				{ weight: 1, arbitrary: fc.constant(null) }
			),
			shopDomain: fc.oneof(
				{ weight: 8, arbitrary: fc.constantFrom('a.example', 'b.example') },
				{ weight: 1, arbitrary: fc.constant('') },
				{ weight: 1, arbitrary: fc.constant(null) }
			),
			data: dataOf[type] ?? fc.constant({}),
			deviceContext: maybe(fc.record({ deviceType: word('mobile', 'desktop'), os: word('iOS') })),
			moment: fc.integer({ min: 0, max: 12 }),
			hasClientTime: fc.boolean()
		})
	)
	.map(({ moment, hasClientTime, ...rest }) =>
		event(rest.type, {
			...rest,
			deviceContext: rest.deviceContext ?? null,
			clientTime: hasClientTime ? T0 + moment * 1000 : null,
			serverTime: T0 + moment * 1000
		})
	);

/** Events that differ in shop and id: with one id for two contents the first to come stands, and order would matter. */
export function someEvents(minLength: number, maxLength: number): fc.Arbitrary<LogEvent[]> {
	const selector = ({ shopDomain, id }: LogEvent) => eventKey(shopDomain, id ?? '');
	return fc.uniqueArray(anyEvent, { minLength, maxLength, selector });
}
