/**
 * What a lane shows of a session: five segments (more, where a client has steps of its own) and one line that says
 * what is going on now, for how long, and whether it takes too long. Pure; `now` comes from the page's clock.
 */
import { STEPS } from '../../events/vocabulary';
import type { Millis, WallCard, StepPace, StepState } from '../../live/messages';
import { readable, stepLabel, type Sign } from '../words';

/** ahead: not begun. passed: a later step has begun, but this one never said that it ended. */
export type SegmentState = 'done' | 'running' | 'stuck' | 'failed' | 'skipped' | 'passed' | 'ahead';

export interface Segment {
	step: string;
	label: string;
	state: SegmentState;
	/** How far it is filled, 0 to 1. */
	fill: number;
}

export interface LaneState {
	segments: Segment[];
	/** The present step in a word or two: "Inpaint", "after Mask", "Started"; without steps the latest event. */
	stepText: string;
	sign: Sign;
	/** Since when the session is where it is. */
	since: Millis;
	stuck: boolean;
	/** How long nearly all sessions take for the step; null when too few have been seen to know. */
	usualMs: number | null;
}

/** Segments for steps of a client's own, beyond the five: more would only be dust. */
const OWN_STEPS_SHOWN = 3;
/** How full a running segment is while nobody knows how long the step usually takes. */
const UNKNOWN_FILL = 0.5;
/** A step that one session in twenty exceeds is no reason to look up: stuck is twice as long, and no less than this. */
const STUCK_FACTOR = 2;
const SHORTEST_STUCK_MS = 15_000;
/** Of a step that nobody has timed yet, this is too long: well before the session times out. */
const STUCK_UNTIMED_MS = 180_000;
/** Fewer completed steps tell nothing of the usual. */
const SAMPLES_NEEDED = 10;
/** A running segment never looks finished. */
const FULLEST = 0.94;

/** The lane of `session` at `now`. */
export function laneOf(session: WallCard, pace: readonly StepPace[], now: Millis): LaneState {
	const present = presentStep(session);
	const since = sinceWhen(session, present);
	const stepPace = present && pace.find((entry) => entry.step === present.step);
	const running = present !== null && isRunning(present);
	const usualMs = running && stepPace && stepPace.samples >= SAMPLES_NEEDED ? stepPace.p95Ms : null;
	const tooLongMs = usualMs === null ? STUCK_UNTIMED_MS : Math.max(SHORTEST_STUCK_MS, STUCK_FACTOR * usualMs);
	const stuck = running && now - since > tooLongMs;
	const fill = usualMs === null ? UNKNOWN_FILL : Math.min(FULLEST, Math.max(0.04, (now - since) / usualMs));
	return {
		segments: segmentsOf(session, present, stuck, fill),
		stepText: present ? stepText(present) : startText(session),
		sign: signOf(present, stuck),
		since,
		stuck,
		usualMs
	};
}

function isRunning(step: StepState): boolean {
	return step.status !== 'completed' && step.status !== 'failed' && step.status !== 'skipped';
}

/**
 * The step that the session's row names, else the one that began last. A client that reports the end of one step and
 * the beginning of the next in the same millisecond leaves it open which was later: then the one that runs is meant.
 */
function presentStep(session: WallCard): StepState | null {
	const named = session.steps.find((step) => step.step === session.currentStep);
	if (named) return isRunning(named) ? named : (runningSince(session, named.completedAt) ?? named);
	if (session.currentStep) {
		return {
			step: session.currentStep,
			status: 'started',
			startedAt: session.updatedAt,
			completedAt: null,
			durationMs: null
		};
	}
	return session.steps.at(-1) ?? null;
}

function runningSince(session: WallCard, end: Millis | null): StepState | null {
	if (end === null) return null;
	return session.steps.findLast((step) => step.status === 'started' && (step.startedAt ?? 0) >= end) ?? null;
}

function sinceWhen(session: WallCard, present: StepState | null): Millis {
	if (!present) return session.startedAt;
	const time = isRunning(present) ? present.startedAt : (present.completedAt ?? present.startedAt);
	return time ?? session.updatedAt;
}

function segmentsOf(session: WallCard, present: StepState | null, stuck: boolean, fill: number): Segment[] {
	const known: readonly string[] = STEPS;
	const own = session.steps.map((step) => step.step).filter((step) => !known.includes(step));
	if (present && !known.includes(present.step) && !own.includes(present.step)) own.push(present.step);
	const reached = known.indexOf(present?.step ?? '');
	const segment = (step: string, index: number): Segment => {
		const state = session.steps.find((entry) => entry.step === step) ?? (present?.step === step ? present : null);
		const look = lookOf(state, step === present?.step, stuck, index < reached);
		return { step, label: stepLabel(step), state: look, fill: look === 'running' || look === 'stuck' ? fill : 1 };
	};
	return [...known.map(segment), ...own.slice(-OWN_STEPS_SHOWN).map((step) => segment(step, Infinity))];
}

function lookOf(state: StepState | null, isPresent: boolean, stuck: boolean, behind: boolean): SegmentState {
	if (!state) return behind ? 'passed' : 'ahead';
	if (state.status === 'completed') return 'done';
	if (state.status === 'failed') return 'failed';
	if (state.status === 'skipped') return 'skipped';
	if (!isPresent) return 'passed';
	return stuck ? 'stuck' : 'running';
}

/** A session without steps is where its latest event says: some clients tell of their steps by custom events alone. */
function startText({ activity }: WallCard): string {
	return activity === null || activity === 'session_started' ? 'Started' : readable(activity);
}

function stepText(present: StepState): string {
	const label = stepLabel(present.step);
	if (present.status === 'completed') return `after ${label}`;
	if (present.status === 'failed') return `${label} failed`;
	if (present.status === 'skipped') return `${label} skipped`;
	return label;
}

function signOf(present: StepState | null, stuck: boolean): Sign {
	if (stuck) return { word: 'stuck', icon: 'stuck', tone: 'stuck' };
	if (present?.status === 'failed') return { word: 'failed', icon: 'cross', tone: 'failed' };
	if (!present || !isRunning(present)) return { word: 'waiting', icon: 'wait', tone: 'quiet' };
	return { word: 'running', icon: 'run', tone: 'active' };
}
