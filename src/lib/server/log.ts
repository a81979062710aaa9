/**
 * The process's log, on stderr: one JSON object a line for machines, one short line for a person at a terminal.
 * Written at once, so that the last lines before a crash are there.
 */
import { pino, type DestinationStream, type Level, type Logger } from 'pino';

export interface LogOptions {
	level: Level | 'silent';
	/** Whether a person reads along. */
	terminal: boolean;
}

/** Makes the log. Errors go under `err`. */
export function createLog({ level, terminal }: LogOptions): Logger {
	const stderr = pino.destination({ dest: 2, sync: true });
	return terminal ? pino({ level, base: null }, inLines(stderr)) : pino({ level }, stderr);
}

/** What a line says apart from its message, with an error's stack at its end. */
function inLines(stream: DestinationStream): DestinationStream {
	return {
		write(line) {
			const record: unknown = JSON.parse(line);
			if (typeof record !== 'object') return;
			const { level, time, msg, err, ...rest } = { level: 0, time: 0, msg: '', err: null as unknown, ...record };
			const clock = new Date(time).toTimeString().slice(0, 8);
			const label = pino.levels.labels[level] ?? '';
			const more = Object.entries<unknown>(rest).map(
				([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
			);
			const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
			stream.write(`${[clock, label.padEnd(5), msg, ...more].join(' ')}${stack}\n`);
		}
	};
}
