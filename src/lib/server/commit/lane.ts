/**
 * One connection that commits groups, one at a time. It owns its connection so that a stalled one (a half-open socket, a
 * server that hangs) can be thrown away: then the lane goes on with a new one, and nobody learns from the old one that
 * something was committed that was not.
 */
import { connect, type Sql } from '../db/connect';
import { expectedOf } from '../projections/expected';
import { isMissingMonth } from './faults';
import { makeMonths, reachOf } from './months';
import { commitStatement, type CommitResult } from './statement';
import type { CommitSource, LogRow, RejectedRow } from './rows';

export interface Group {
	source: CommitSource;
	events: LogRow[];
	rejected: RejectedRow[];
}

export interface LaneOptions {
	url: string;
	application: string;
	/** How long a statement may take before its connection counts as stalled. */
	stallMs: number;
}

/** A statement that did not end in time. It may or may not have committed. */
class Stalled extends Error {
	override name = 'Stalled';
}

export class Lane {
	#sql: Sql;

	constructor(private readonly options: LaneOptions) {
		this.#sql = this.#connect();
	}

	/** Commits the group in one statement. Throws what the database or the driver throws, or Stalled. */
	async commit(group: Group): Promise<CommitResult> {
		const sql = this.#sql;
		try {
			return await this.#withinTime(insert(sql, group), sql);
		} catch (error) {
			if (!isMissingMonth(error)) throw error;
			await this.#withinTime(makeMonths(sql, group.events), sql);
			return await this.#withinTime(insert(sql, group), sql);
		}
	}

	async end(): Promise<void> {
		await this.#sql.end({ timeout: 1 });
	}

	async #withinTime<T>(query: Promise<T>, sql: Sql): Promise<T> {
		let timer: NodeJS.Timeout | undefined;
		const stalled = new Promise<never>((_, reject) => {
			timer = setTimeout(() => {
				if (this.#sql === sql) this.#sql = this.#connect();
				sql.end({ timeout: 0 }).catch(() => undefined);
				reject(new Stalled(`the database did not answer within ${this.options.stallMs} ms`));
			}, this.options.stallMs);
		});
		try {
			return await Promise.race([query, stalled]);
		} finally {
			clearTimeout(timer);
		}
	}

	#connect(): Sql {
		const { url, application, stallMs } = this.options;
		return connect({
			url,
			application,
			max: 1,
			settings: {
				statement_timeout: stallMs,
				// The planner knows nothing of a batch's rows: it expects few, and its nested loops would be quadratic.
				enable_nestloop: 'off',
				// Nor of a month that has just begun: a plan made for few rows must not read all of a million.
				enable_seqscan: 'off',
				// The statement is the same each time; planning it anew costs more than running it for a few events.
				plan_cache_mode: 'force_generic_plan',
				jit: 'off'
			}
		});
	}
}

async function insert(sql: Sql, { source, events, rejected }: Group): Promise<CommitResult> {
	const { way, stretches } = reachOf(events, source, Date.now());
	const statement = commitStatement(expectedOf(events.map(({ type }) => type)), rejected.length > 0, way);
	const parameters = [jsonArray(events), jsonArray(rejected), source, events.length, ...stretches];
	const [result] = await sql.unsafe<CommitResult[]>(statement, parameters, { prepare: true });
	if (!result) throw new Error('the commit statement returned no row');
	return result;
}

function jsonArray(rows: readonly { json: string }[]): string {
	return `[${rows.map((row) => row.json).join(',')}]`;
}
