/** The words of the domain that server, screens and SDK share. Clients may send others: those are kept as they are. */

/** The five steps of a session, in their order. */
export const STEPS = ['room_capture', 'mask', 'inpaint', 'placement', 'final'] as const;
export type Step = (typeof STEPS)[number];

/** A step's name as a person reads it. */
export const STEP_LABELS: Record<Step, string> = {
	room_capture: 'Room capture',
	mask: 'Mask',
	inpaint: 'Inpaint',
	placement: 'Placement',
	final: 'Final'
};

export const STEP_STATUSES = ['started', 'completed', 'failed', 'skipped'] as const;
export const END_STATUSES = ['completed', 'abandoned', 'error'] as const;
export const SEVERITIES = ['critical', 'error', 'warning'] as const;

/** The type of the event by which the server closes a silent session. */
export const SESSION_TIMED_OUT = 'session_timed_out';

/** The server's own events: what people said of a group of errors (`data`: group, by) … */
export const ERROR_ACKNOWLEDGED = 'error_group_acknowledged';
export const ERROR_RESOLVED = 'error_group_resolved';
export const ERROR_REOPENED = 'error_group_reopened';
/** … and what AI requests cost that came without a cost (`data`: provider, model, operation, validFrom, priceUsd, by). */
export const PRICE_SET = 'price_set';
