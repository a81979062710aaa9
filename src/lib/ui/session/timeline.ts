/**
 * A session's steps on one axis of time: where each lies, how long it took, and the gap before it. Pure. Clients may
 * send an end without a beginning, or none of both; whatever is known is shown, and nothing is invented.
 */
import type { Millis, StepRow } from '../../live/messages';

export interface TimelineRow {
	step: StepRow;
	/** Where the bar begins and how wide it is, in shares of the axis; null when no time is known. */
	bar: { from: number; width: number } | null;
	/** As the client measured it, else from its times; of a running step until now; null when unknown. */
	durationMs: number | null;
	running: boolean;
	/** Between the end of the step before and the beginning of this one; null when unknown or overlapping. */
	gapMs: number | null;
}

export interface Timeline {
	from: Millis;
	to: Millis;
	rows: TimelineRow[];
}

/** A gap shorter than this is just the clients' own time between two messages. */
const GAP_SHOWN_MS = 500;

/** The timeline of `steps`; `now` is the end of what is running, `bounds` the session's own beginning and end. */
export function timelineOf(
	steps: readonly StepRow[],
	bounds: { startedAt: Millis; endedAt: Millis | null; updatedAt: Millis },
	now: Millis
): Timeline {
	const over = bounds.endedAt !== null;
	const spans = steps.map((step) => spanOf(step, over ? null : now));
	const from = Math.min(bounds.startedAt, ...spans.flatMap((span) => span?.from ?? []));
	const to = Math.max(bounds.endedAt ?? now, bounds.updatedAt, from + 1, ...spans.flatMap((span) => span?.to ?? []));
	let lastEnd: Millis | null = null;
	const rows = steps.map((step, index): TimelineRow => {
		const span = spans[index] ?? null;
		const gap: number | null = span && lastEnd !== null ? span.from - lastEnd : null;
		if (span) lastEnd = Math.max(lastEnd ?? span.to, span.to);
		return {
			step,
			bar: span && { from: (span.from - from) / (to - from), width: (span.to - span.from) / (to - from) },
			durationMs: step.durationMs ?? (span?.measured ? span.to - span.from : null),
			running: span?.running ?? false,
			gapMs: gap !== null && gap >= GAP_SHOWN_MS ? gap : null
		};
	});
	return { from, to, rows };
}

interface Span {
	from: Millis;
	to: Millis;
	/** Both ends are known, so that its length is a measurement. */
	measured: boolean;
	running: boolean;
}

function spanOf(step: StepRow, now: Millis | null): Span | null {
	const length = step.durationMs ?? 0;
	if (step.startedAt !== null && step.completedAt !== null) {
		const to = Math.max(step.startedAt, step.completedAt);
		return { from: step.startedAt, to, measured: true, running: false };
	}
	if (step.completedAt !== null) {
		return { from: step.completedAt - length, to: step.completedAt, measured: false, running: false };
	}
	if (step.startedAt === null) return null;
	const running = now !== null && step.status === 'started';
	return {
		from: step.startedAt,
		to: running ? Math.max(now, step.startedAt) : step.startedAt + length,
		measured: running,
		running
	};
}
