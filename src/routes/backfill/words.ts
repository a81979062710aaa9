/** How backfills are written. */
import { count, counted, duration } from '$lib/ui/format';
import type { Sign } from '$lib/ui/words';

/** What of a job is written. */
interface Job {
	state: string;
	counts: { objects: number; objectsTotal: number | null };
	eventsPerSecond: number | null;
	secondsLeft: number | null;
}

const SIGNS: Record<string, Sign> = {
	waiting: { word: 'Waiting', icon: 'wait', tone: 'quiet' },
	running: { word: 'Running', icon: 'run', tone: 'active' },
	paused: { word: 'Paused', icon: 'stuck', tone: 'stuck' },
	done: { word: 'Done', icon: 'check', tone: 'done' },
	cancelled: { word: 'Cancelled', icon: 'cross', tone: 'left' }
};

export function signOf(state: string): Sign {
	return SIGNS[state] ?? { word: state, icon: 'wait', tone: 'quiet' };
}

/** 1,204 of 5,000 objects, 24% */
export function progressText({ counts: { objects, objectsTotal } }: Job): string {
	if (objectsTotal === null) return counted(objects, 'objects');
	const share = objectsTotal === 0 ? 100 : Math.floor((objects / objectsTotal) * 100);
	return `${count(objects)} of ${counted(objectsTotal, 'objects')}, ${share}%`;
}

/** 8,100 events/s, about 2 min left */
export function paceText({ state, eventsPerSecond, secondsLeft }: Job): string {
	const parts: string[] = [];
	if (eventsPerSecond !== null) parts.push(`${count(Math.round(eventsPerSecond))} events/s`);
	if (state === 'running' && secondsLeft !== null) parts.push(`about ${duration(Math.ceil(secondsLeft) * 1000)} left`);
	return parts.join(', ');
}

/** 2026-01-09 11:00:00 UTC, as it is asked for and as objects are named; milliseconds where there are some. */
export function utc(at: number): string {
	return `${new Date(at).toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '')} UTC`;
}
