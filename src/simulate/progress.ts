/** How far a run is: a bar that is drawn over itself at a terminal, plain lines now and then elsewhere. */
import { count, counted } from '../lib/ui/format';

export interface Output {
	write(text: string): unknown;
	isTTY?: boolean;
	columns?: number;
}

export interface Progress {
	/** The share of the run that is done (0 to 1), and the events so far. */
	at(share: number, events: number): void;
	/** Leaves the last state standing. */
	end(): void;
}

const DRAW_MS = 100;
const LINE_MS = 5_000;
const BAR = 30;
/** The rate is that of the last so many milliseconds. */
const RATE_WINDOW_MS = 5_000;

export function progressOn(output: Output): Progress {
	const begun = Date.now();
	const every = output.isTTY ? DRAW_MS : LINE_MS;
	let drawn = begun - (output.isTTY ? every : 0);
	let latest = '';
	const marks: { time: number; events: number }[] = [{ time: begun, events: 0 }];

	function describe(now: number, share: number, events: number): string {
		const first = marks.find(({ time }) => time > now - RATE_WINDOW_MS) ?? marks[0] ?? { time: begun, events: 0 };
		const rate = (events - first.events) / Math.max(0.001, (now - first.time) / 1000);
		const left = share > 0 ? ((now - begun) * (1 - share)) / share : NaN;
		const figures = `${(share * 100).toFixed(0).padStart(3)} %  ${counted(events, 'events')}, ${count(Math.round(rate))}/s, ${span(left)} left`;
		if (!output.isTTY) return `${figures}\n`;
		const filled = Math.round(share * BAR);
		return `\r${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${figures}`
			.slice(0, output.columns)
			.padEnd(latest.length);
	}

	return {
		at(share, events) {
			const now = Date.now();
			if (now - drawn < every && share < 1) return;
			drawn = now;
			latest = describe(now, Math.min(1, share), events);
			marks.push({ time: now, events });
			while ((marks[1]?.time ?? now) < now - RATE_WINDOW_MS) marks.shift();
			output.write(latest);
		},
		end() {
			if (output.isTTY) output.write('\n');
		}
	};
}

function span(ms: number): string {
	if (!Number.isFinite(ms)) return 'some time';
	const seconds = Math.round(ms / 1000);
	return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
