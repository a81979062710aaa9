/**
 * One shopper's session: it knows its id, how long it and its steps have lasted, and where it is, so that the shop says
 * only what happened. It sends nothing by itself but its end, when the page goes away first.
 */
import type { EventMap } from '../lib/events/families';
import { newId } from './id';
import { guarded } from './store';

/** The events that a map does not list may carry anything. */
export type DataOf<Events, Type> = Type extends keyof Events ? Events[Type] & object : Record<string, unknown>;

/** Sends one event: its id, or null when it was not accepted. */
export type Track<Events> = <Type extends (keyof Events & string) | (string & Record<never, never>)>(
	type: Type,
	data?: DataOf<Events, Type>
) => string | null;

type StepData = EventMap['step_update'];
type ErrorData = EventMap['error'];

export interface Step {
	start(data?: StepData): void;
	/** Takes the time since `start` as the step's duration, as do the others. */
	complete(data?: StepData): void;
	/** With what went wrong: an Error, or the fields themselves. */
	fail(why?: unknown, data?: StepData): void;
	skip(data?: StepData): void;
}

export interface Session<Events = EventMap> {
	readonly id: string;
	start(data?: EventMap['session_started']): void;
	/** A step by its name; it is the same step each time. */
	step(name: NonNullable<StepData['step']>): Step;
	/** Tells of an AI request, once or with each change of its status: the id, made here unless given, makes them one. */
	aiRequest(data: EventMap['ai_request']): string;
	regenerationRequested(data?: EventMap['regeneration_requested']): void;
	/** An Error, anything that was thrown, or a code; and more fields. */
	error(error: unknown, data?: ErrorData): void;
	userAction(action: NonNullable<EventMap['user_action']['action']>, data?: EventMap['user_action']): void;
	postArAction(action: NonNullable<EventMap['post_ar_action']['action']>, data?: EventMap['post_ar_action']): void;
	addToCart(data?: EventMap['add_to_cart_from_ar']): void;
	/** Any event, as one of this session. */
	track: Track<Events>;
	/** The end. Only the first one counts, unless the page went away before it and came back. */
	end(status?: NonNullable<EventMap['session_ended']['status']>, data?: EventMap['session_ended']): void;
}

/** Takes an event's data as the shop gave it, which nobody else must touch: its getters may throw. */
export type Send = (
	type: string,
	data: object | undefined,
	sessionId?: string,
	/** Fields that `data` may replace. */
	known?: object
) => string | null;

/**
 * Makes a session.
 * @param send must not throw
 * @param open where what is to be done when the page goes away lies, while the session is open
 */
export function createSession<Events>(send: Send, open?: Set<() => void>, earlier?: string | null): Session<Events> {
	const id = earlier || `sess_${newId()}`;
	const opened = performance.now();
	const stepStarts = new Map<string, number>();
	let currentStep: string | undefined;
	let ended = false;

	const track = (type: string, data?: object, known?: object): string | null => {
		if (!ended) open?.add(leave);
		return send(type, data, id, known);
	};
	const since = (start: number): number => Math.round(performance.now() - start);
	/** An event that happens in a step. */
	const trackInStep = (type: string, data?: object, known?: object): string | null =>
		track(type, data, { step: currentStep, ...known });

	function update(step: string, status: string, data?: object, why?: object): void {
		const start = stepStarts.get(step);
		const durationMs = status === 'started' || start === undefined ? undefined : since(start);
		if (status === 'started') stepStarts.set(step, performance.now());
		currentStep = step;
		track('step_update', data, { step, status, durationMs, ...why });
	}

	/** An end that is not the last is that of a page which may come back: of two ends the later one counts. */
	function end(status: string, data: object | undefined, last: boolean): void {
		if (ended) return;
		track('session_ended', data, {
			status,
			durationMs: since(opened),
			abandonmentStep: status === 'abandoned' ? currentStep : undefined
		});
		ended = last;
		open?.delete(leave);
	}

	const leave = (): void => end('abandoned', { reason: 'page_unload' }, false);

	return {
		id,
		start: (data) => track('session_started', data),
		step: (name) => ({
			start: (data) => update(name, 'started', data),
			complete: (data) => update(name, 'completed', data),
			fail: (why, data) => update(name, 'failed', data, describe(why)),
			skip: (data) => update(name, 'skipped', data)
		}),
		aiRequest(data) {
			let requestId = newId();
			trackInStep(
				'ai_request',
				guarded(() => ({ ...data, requestId: (requestId = data.requestId ?? requestId) })) ?? data
			);
			return requestId;
		},
		regenerationRequested: (data) => trackInStep('regeneration_requested', data),
		error: (error, data) => trackInStep('error', data, { severity: 'error', ...describe(error) }),
		userAction: (action, data) => trackInStep('user_action', data, { action }),
		postArAction: (action, data) => track('post_ar_action', data, { action }),
		addToCart: (data) => track('add_to_cart_from_ar', data, { sessionDurationMs: since(opened) }),
		track: (type, data) => track(type, data),
		end: (status = 'completed', data) => end(status, data, true)
	};
}

/** Anything that was thrown, in an event's fields; nothing where even looking at it throws. */
function describe(error: unknown): ErrorData | undefined {
	return guarded(() => {
		if (typeof error === 'string') return { errorCode: error };
		if (error instanceof Error) return { errorCode: error.name, errorMessage: error.message, stack: error.stack };
		return Object.assign({}, error);
	});
}
