/** What a run did, counted: the same figures that SQL counts in the tables. Money is counted in millionths of a dollar. */
import { count, counted } from '../lib/ui/format';
import type { Visit } from './plan';
import type { PlannedEvent } from './story';

interface Counts {
	events: number;
	sessions: number;
	completed: number;
	errors: number;
	cost: number;
}

/** Of clients that did not say which shop they were in. */
const NAMELESS = '(none named)';

export class Summary {
	/** Handed to a client, or made into a row. */
	events = 0;
	accepted = 0;
	duplicates = 0;
	rejected = 0;
	/** Given up by their client: never in the log. */
	dropped = 0;
	/** Sent by clients that never read an answer. */
	unread = 0;
	errors = 0;
	cost = 0;
	readonly outcomes: Record<string, number> = {};
	readonly #shops = new Map<string, Counts>();

	/** An event that was made. */
	made(visit: Visit, event: PlannedEvent): void {
		this.events++;
		this.cost += event.cost;
		const shop = this.#shop(visit.shopDomain || NAMELESS);
		shop.events++;
		shop.cost += event.cost;
		if (event.type !== 'error') return;
		this.errors++;
		shop.errors++;
	}

	/** An event that its client has given up: it was made, but is not in the tables. */
	lost(visit: Visit, event: PlannedEvent): void {
		const shop = this.#shop(visit.shopDomain || NAMELESS);
		const error = event.type === 'error' ? 1 : 0;
		this.dropped++;
		this.cost -= event.cost;
		shop.cost -= event.cost;
		this.errors -= error;
		shop.errors -= error;
	}

	/** A session that is over, or was when the run ended. */
	ended(visit: Visit, outcome: string): void {
		this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
		const shop = this.#shop(visit.shopDomain || NAMELESS);
		shop.sessions++;
		if (outcome === 'completed') shop.completed++;
	}

	/** The lines to print. */
	text(): string {
		const sessions = Object.values(this.outcomes).reduce((sum, times) => sum + times, 0);
		const outcomes = Object.entries(this.outcomes).sort(([, one], [, other]) => other - one);
		const unread = this.unread === 0 ? '' : `, ${count(this.unread)} sent by beacons, answer unread`;
		const shops = [...this.#shops].sort(([, one], [, other]) => other.events - one.events);
		return [
			`Events    ${count(this.events)} made: ${count(this.accepted)} accepted, ${counted(this.duplicates, 'duplicates')}, ` +
				`${count(this.rejected)} rejected, ${count(this.dropped)} dropped${unread}`,
			`Sessions  ${count(sessions)}: ${outcomes.map(([outcome, times]) => `${count(times)} ${outcome}`).join(', ') || 'none'}`,
			`Errors    ${count(this.errors)}`,
			`AI cost   $${dollars(this.cost)}`,
			'',
			row('Shop', 'sessions', 'completed', 'events', 'errors', 'AI cost'),
			...shops.map(([domain, { sessions, completed, events, errors, cost }]) =>
				row(domain, count(sessions), count(completed), count(events), count(errors), `$${dollars(cost)}`)
			)
		].join('\n');
	}

	#shop(domain: string): Counts {
		const known = this.#shops.get(domain);
		if (known) return known;
		const counts = { events: 0, sessions: 0, completed: 0, errors: 0, cost: 0 };
		this.#shops.set(domain, counts);
		return counts;
	}
}

/** Exact: 41_200 millionths are 0.0412. */
export function dollars(millionths: number): string {
	const digits = String(millionths).padStart(7, '0');
	return `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/(\.\d\d\d*?)0+$/, '$1');
}

function row(name: string, ...cells: string[]): string {
	return name.padEnd(38) + cells.map((cell) => cell.padStart(14)).join('');
}
