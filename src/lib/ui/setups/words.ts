/** The words of set-ups. */
import { sign, type Sign } from '../words';

const STATES: Record<string, Sign> = {
	started: { word: 'Under way', icon: 'run', tone: 'active' },
	unfinished: { word: 'Never finished', icon: 'stuck', tone: 'stuck' },
	completed: { word: 'Completed', icon: 'check', tone: 'done' },
	abandoned: { word: 'Abandoned', icon: 'leave', tone: 'left' }
};

/** The state of a set-up as a sign. */
export function setupSign(state: string): Sign {
	return sign(STATES, state);
}

export const STATE_OPTIONS = Object.entries(STATES).map(([value, { word }]) => ({ value, label: word }));
