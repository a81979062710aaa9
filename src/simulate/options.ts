/** What the command line of `simulate` asks for. A fault in it is one line for the person who typed it. */
import { parseArgs } from 'node:util';
import type { HistoryOptions } from './history';
import type { LiveOptions } from './live';

export const USAGE = `Usage: npm run simulate -- [options]

Shoppers beside a running server:
  --sessions-per-minute 60   how many begin
  --shops 25                 in so many shops
  --minutes 10               for so long; those who are in the shop then go on to their end
  --speed 1                  how much faster than life. The events' times stay as far apart as in life, and end now
  --endpoint URL             default http://127.0.0.1:3000

History, written into the database:
  --backdate 30d             begins so many days (d) or hours (h) ago, and ends now
  --events 500000            about so many events
  --shops 30

Both:
  --seed 7                   the same seed and options make the same sessions and events again; default: by chance, and printed
`;

export type Wish =
	| { kind: 'help' }
	| { kind: 'fault'; message: string }
	| ({ kind: 'live' } & LiveOptions)
	| ({ kind: 'history' } & HistoryOptions);

const UNITS = { h: 3_600_000, d: 24 * 3_600_000 };

class Fault extends Error {}

/** Reads the arguments after `simulate`. `chance` is the seed where none is given. */
export function readOptions(args: string[], endpoint: string, chance: string): Wish {
	try {
		const { values } = parseArgs({
			args,
			options: {
				'sessions-per-minute': { type: 'string' },
				minutes: { type: 'string' },
				speed: { type: 'string' },
				endpoint: { type: 'string' },
				backdate: { type: 'string' },
				events: { type: 'string' },
				shops: { type: 'string' },
				seed: { type: 'string' },
				help: { type: 'boolean', short: 'h' }
			}
		});
		if (values.help) return { kind: 'help' };
		const seed = values.seed ?? chance;
		if (values.backdate === undefined) {
			if (values.events !== undefined) throw new Fault('--events is for a history: add --backdate 30d');
			return {
				kind: 'live',
				seed,
				shops: amount('shops', values.shops, 25, 1, 1_000, true),
				sessionsPerMinute: amount('sessions-per-minute', values['sessions-per-minute'], 60, 0.1, 60_000),
				minutes: amount('minutes', values.minutes, 10, 0.01, 10_080),
				speed: amount('speed', values.speed, 1, 0.1, 1_000),
				endpoint: readEndpoint(values.endpoint ?? endpoint)
			};
		}
		for (const name of ['sessions-per-minute', 'minutes', 'speed', 'endpoint'] as const) {
			if (values[name] !== undefined) throw new Fault(`--${name} has no meaning with --backdate`);
		}
		return {
			kind: 'history',
			seed,
			shops: amount('shops', values.shops, 30, 1, 1_000, true),
			events: amount('events', values.events, 500_000, 1, 1_000_000_000, true),
			spanMs: readSpan(values.backdate)
		};
	} catch (error) {
		// Node's own faults name the argument, too.
		if (error instanceof Fault || (error instanceof TypeError && 'code' in error)) {
			return { kind: 'fault', message: error.message };
		}
		throw error;
	}
}

function amount(
	name: string,
	text: string | undefined,
	fallback: number,
	min: number,
	max: number,
	whole = false
): number {
	if (text === undefined) return fallback;
	const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
	if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
	throw new Fault(`--${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
}

function readSpan(text: string): number {
	const [, digits, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
	const span = Number(digits) * (unit === 'h' ? UNITS.h : UNITS.d);
	if (span >= UNITS.h && span <= 3_660 * UNITS.d) return span;
	throw new Fault('--backdate must be a number of days or hours, such as 30d or 12h');
}

/** The server's address is enough. */
function readEndpoint(text: string): string {
	if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new Fault('--endpoint must be a URL');
	const url = new URL(text);
	if (url.pathname === '/') url.pathname = '/api/analytics/events';
	return url.href;
}
