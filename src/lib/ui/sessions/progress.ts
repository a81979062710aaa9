/** How far a session came, step by step, for five little marks. Pure. */
import { STEPS, type Step } from '$lib/events/vocabulary';
import type { SessionCard } from '$lib/live/messages';
import { stepLabel } from '../words';

export type MarkState = 'done' | 'running' | 'failed' | 'skipped' | 'passed' | 'ahead';

export interface Mark {
	step: Step;
	state: MarkState;
}

const STATES: Readonly<Record<string, MarkState>> = {
	completed: 'done',
	started: 'running',
	failed: 'failed',
	skipped: 'skipped'
};

/** The marks of the five steps. One that was not told of, before one that was, has been passed all the same. */
export function marksOf({ steps, status }: Pick<SessionCard, 'steps' | 'status'>): Mark[] {
	const told = new Map(steps.map((step) => [step.step, step.status]));
	const last = STEPS.findLastIndex((step) => told.has(step));
	return STEPS.map((step, index) => {
		if (told.has(step)) return { step, state: STATES[told.get(step) ?? ''] ?? 'running' };
		return { step, state: index < last || status === 'completed' ? 'passed' : 'ahead' };
	});
}

/** Where the session is, or where it ended. */
export function placeOf(session: Pick<SessionCard, 'abandonmentStep' | 'currentStep'>): string | null {
	const step = session.abandonmentStep ?? session.currentStep;
	return step === null ? null : stepLabel(step);
}

/** The marks in a sentence. */
export function progressText(session: Pick<SessionCard, 'steps' | 'status'>): string {
	const marks = marksOf(session);
	const count = (state: MarkState) => marks.filter((mark) => mark.state === state).length;
	const others = (['failed', 'skipped'] as const).filter((state) => count(state) > 0);
	return [`${count('done')} of ${STEPS.length} steps completed`, ...others.map((state) => `${count(state)} ${state}`)].join(', '); // prettier-ignore
}
