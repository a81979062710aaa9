/**
 * Events as a person would tell them: one line each, and what came after a user's action. Pure. What a client put into
 * `data` can be anything, so every field is looked at before it is used.
 */
import { SESSION_TIMED_OUT } from '../../events/vocabulary';
import type { EventRow } from '../../live/messages';
import { duration, moneyShort } from '../format';
import { readable, reasonText, sessionSign, stepLabel, stepSign, type IconName, type Tone } from '../words';

export interface Telling {
	text: string;
	icon: IconName;
	tone: Tone;
}

const ACTIONS = new Set([
	'user_action',
	'post_ar_action',
	'add_to_cart_from_ar',
	'regeneration_requested',
	'ar_button_click'
]);

/** Did the shopper do this, rather than the app or a model? */
export function isAction(event: EventRow): boolean {
	return ACTIONS.has(event.type);
}

/** A field of the event's data as text; null when it is not there or not plain. */
function field(event: EventRow, name: string): string | null {
	const { data } = event;
	if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) return null;
	const value: unknown = Reflect.get(data, name);
	if (typeof value === 'string') return value.trim() || null;
	return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

const join = (...parts: (string | null | false)[]) => parts.filter(Boolean).join(' · ');
const inStep = (event: EventRow) => {
	const step = field(event, 'step');
	return step && `in ${stepLabel(step)}`;
};

/** One line about an event. */
export function tell(event: EventRow): Telling {
	switch (event.type) {
		case 'session_started':
			return { text: join('Session started', field(event, 'productTitle')), icon: 'run', tone: 'active' };
		case 'session_ended': {
			const sign = sessionSign(field(event, 'status'));
			const reason = field(event, 'abandonmentReason') ?? field(event, 'reason');
			return {
				text: join(`Session ${sign.word.toLowerCase()}`, reason && reasonText(reason)),
				icon: sign.icon,
				tone: sign.tone
			};
		}
		case SESSION_TIMED_OUT:
			return { text: 'Closed by the server: no event for 10 minutes', icon: 'leave', tone: 'left' };
		case 'step_update': {
			const sign = stepSign(field(event, 'status'));
			const took = Number(field(event, 'durationMs') ?? NaN);
			const step = stepLabel(field(event, 'step') ?? 'step');
			const status = field(event, 'status');
			return {
				text: join(
					`${step} ${status ? readable(status).toLowerCase() : ''}`.trim(),
					Number.isFinite(took) && duration(took)
				),
				icon: sign.icon,
				tone: sign.tone
			};
		}
		case 'error':
			return {
				text: join(field(event, 'errorCode') ?? 'Error', field(event, 'errorMessage'), inStep(event)),
				icon: 'alert',
				tone: 'failed'
			};
		case 'ai_request': {
			const cost = field(event, 'costUsd');
			const what = [field(event, 'operation') ?? 'AI request', field(event, 'status')].filter(Boolean).join(' ');
			return {
				text: join(readable(what), field(event, 'provider'), cost && moneyShort(cost)),
				icon: 'spark',
				tone: 'quiet'
			};
		}
		default:
			return isAction(event)
				? { text: tellAction(event), icon: 'person', tone: 'quiet' }
				: { text: join(readable(event.type), inStep(event)), icon: 'info', tone: 'quiet' };
	}
}

function tellAction(event: EventRow): string {
	if (event.type === 'regeneration_requested') {
		const reason = field(event, 'reason');
		return join('Asked for a regeneration', reason && reasonText(reason).toLowerCase(), inStep(event));
	}
	if (event.type === 'add_to_cart_from_ar') return join('Added to cart', field(event, 'productTitle'));
	if (event.type === 'ar_button_click') return join('Clicked “See it in your room”', field(event, 'productTitle'));
	const detail = field(event, 'editType') ?? field(event, 'adjustType') ?? field(event, 'context');
	return join(readable(field(event, 'action') ?? event.type), detail && readable(detail).toLowerCase(), inStep(event));
}

export interface ActionAndThen {
	action: EventRow;
	/** How many of the same came one after another, with nothing between them. */
	times: number;
	/** The next event that is no action; null when none came (yet). */
	then: EventRow | null;
	thenAfterMs: number | null;
}

/** The user's actions in order, each with what came after it. */
export function actionsAndThen(events: readonly EventRow[]): ActionAndThen[] {
	const rows: ActionAndThen[] = [];
	let open: ActionAndThen[] = [];
	for (const event of events) {
		const last = open.at(-1);
		if (!isAction(event)) {
			for (const row of open) {
				row.then = event;
				row.thenAfterMs = event.at - row.action.at;
			}
			open = [];
		} else if (last && tellAction(last.action) === tellAction(event)) {
			last.times++;
		} else {
			const row: ActionAndThen = { action: event, times: 1, then: null, thenAfterMs: null };
			rows.push(row);
			open.push(row);
		}
	}
	return rows;
}
