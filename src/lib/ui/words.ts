/**
 * The words and signs for what the system knows, so that a status is everywhere the same colour, icon and word.
 * Clients may send words of their own: those are shown as they are, only made readable.
 */
import { STEP_LABELS } from '../events/vocabulary';
import type { SessionCard } from '../live/messages';

export type IconName =
	| 'check'
	| 'cross'
	| 'leave'
	| 'run'
	| 'wait'
	| 'stuck'
	| 'skip'
	| 'alert'
	| 'info'
	| 'phone'
	| 'tablet'
	| 'desktop'
	| 'copy'
	| 'up'
	| 'down'
	| 'same'
	| 'link'
	| 'broken'
	| 'person'
	| 'hidden'
	| 'spark';

/** The name of a colour in tokens.css: --tone-active and so on. */
export type Tone = 'active' | 'done' | 'left' | 'critical' | 'failed' | 'stuck' | 'quiet';

export interface Sign {
	word: string;
	icon: IconName;
	tone: Tone;
}

const SESSION_SIGNS: Record<string, Sign> = {
	in_progress: { word: 'Active', icon: 'run', tone: 'active' },
	completed: { word: 'Completed', icon: 'check', tone: 'done' },
	abandoned: { word: 'Abandoned', icon: 'leave', tone: 'left' },
	error: { word: 'Failed', icon: 'cross', tone: 'failed' }
};

const STEP_SIGNS: Record<string, Sign> = {
	started: { word: 'Running', icon: 'run', tone: 'active' },
	completed: { word: 'Completed', icon: 'check', tone: 'done' },
	failed: { word: 'Failed', icon: 'cross', tone: 'failed' },
	skipped: { word: 'Skipped', icon: 'skip', tone: 'left' }
};

const REQUEST_SIGNS: Record<string, Sign> = {
	pending: { word: 'Pending', icon: 'wait', tone: 'active' },
	success: { word: 'Success', icon: 'check', tone: 'done' },
	failed: { word: 'Failed', icon: 'cross', tone: 'failed' },
	timeout: { word: 'Timed out', icon: 'stuck', tone: 'stuck' }
};

const SEVERITY_SIGNS: Record<string, Sign> = {
	critical: { word: 'Critical', icon: 'cross', tone: 'critical' },
	error: { word: 'Error', icon: 'alert', tone: 'failed' },
	warning: { word: 'Warning', icon: 'stuck', tone: 'stuck' }
};

/** The sign of a word; of one that the table does not know, the word itself. @param without what stands where there is none */
export function sign(table: Record<string, Sign>, word: string | null, without = 'Unknown'): Sign {
	if (word === null || word === '') return { word: without, icon: 'info', tone: 'quiet' };
	return Object.hasOwn(table, word) && table[word]
		? table[word]
		: { word: readable(word), icon: 'info', tone: 'quiet' };
}

export const sessionSign = (status: string | null) => sign(SESSION_SIGNS, status);
export const stepSign = (status: string | null) => sign(STEP_SIGNS, status, 'No status');
export const requestSign = (status: string | null) => sign(REQUEST_SIGNS, status, 'No status');
export const severitySign = (severity: string | null) => sign(SEVERITY_SIGNS, severity, 'Error');

const LABELS: ReadonlyMap<string, string> = new Map(Object.entries(STEP_LABELS));

/** A step's name as a person reads it, an unknown one's too. */
export function stepLabel(step: string): string {
	return LABELS.get(step) ?? readable(step);
}

/** Words that are never written small. */
const CAPITALS = /^(ai|ar)\b/;

/** room_uploaded → Room uploaded, ai_request → AI request. */
export function readable(word: string): string {
	const spaced = word.replace(/[_\s]+/g, ' ').trim();
	if (CAPITALS.test(spaced)) return spaced.slice(0, 2).toUpperCase() + spaced.slice(2);
	return spaced === '' ? '(blank)' : spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

const REASONS: Record<string, string> = {
	page_unload: 'Page closed',
	timeout: 'No sign for 10 minutes',
	user_closed: 'Closed by the shopper'
};

/** Why a session was left, as a person reads it. */
export function reasonText(reason: string): string {
	if (reason === '') return 'No reason told';
	return (Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined) ?? readable(reason);
}

/** Why a session was abandoned, and where; null when nobody said. */
export function leavingReason(session: Omit<SessionCard, 'aiCost'>): string | null {
	const reason = session.abandonmentReason;
	const why = reason && reasonText(reason).toLowerCase();
	const where = session.abandonmentStep && `at ${stepLabel(session.abandonmentStep)}`;
	return [where, why].filter(Boolean).join(', ') || null;
}

/** What a lane or a row calls its session: the product, else the shop, else the end of its id. */
export function sessionTitle(session: Pick<SessionCard, 'product' | 'shop' | 'sessionId'>): string {
	return filled(session.product) ?? shopName(session.shop) ?? `Session ${shortId(session.sessionId)}`;
}

/** A shop without what all Shopify domains share. */
export function shopName(shop: string | null): string | null {
	return filled(shop?.replace(/\.myshopify\.com$/, '') ?? null);
}

/** The text without the space around it; null when nothing is left. */
export function filled(text: string | null): string | null {
	const trimmed = text?.trim() ?? '';
	return trimmed === '' ? null : trimmed;
}

/** The last characters of an id: those that differ. */
export function shortId(id: string): string {
	const characters = Array.from(id);
	return characters.length <= 10 ? id : `…${characters.slice(-8).join('')}`;
}

/** The icon of a kind of device. */
export function deviceIcon(deviceType: string | null): IconName | null {
	return deviceType === 'mobile'
		? 'phone'
		: deviceType === 'tablet'
			? 'tablet'
			: deviceType === 'desktop'
				? 'desktop'
				: null;
}
