/** What the stages of the journey, and what splits it, are called. */
import { readable, reasonText, shopName, stepLabel } from '../words';

const STAGES: Record<string, string> = {
	impressions: 'Button seen',
	clicks: 'Button clicked',
	sessions: 'Session started',
	completed: 'Completed',
	carts: 'Added to cart'
};

/** The name of a stage; those of steps are the steps' own. */
export function stageName(key: string): string {
	return STAGES[key] ?? stepLabel(key);
}

const LONGEST_REASON = 48;

/** Why a session was left, short enough for a line of several. */
export function shortReason(reason: string): string {
	const characters = Array.from(reasonText(reason));
	return characters.length <= LONGEST_REASON ? characters.join('') : `${characters.slice(0, LONGEST_REASON).join('')}…`;
}

/** A device, shop or product as a person reads it. */
export function partName(kind: string, value: string): string {
	if (value === '') return '(none)';
	if (kind === 'shop') return shopName(value) ?? value;
	return kind === 'device' ? readable(value) : value;
}
