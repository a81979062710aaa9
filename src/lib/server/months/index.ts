/**
 * Keeps the months of the log: the current and the next one are there before their first event, and what is older than
 * what is kept leaves it, once a day. Every node does so; an advisory lock lets one at a time drop.
 */
import type { Logger } from 'pino';
import type { Sql } from '../db/connect';
import { describe } from '../commit/faults';
import { ensureMonth } from '../db/log-months';
import { retain } from './retention';

export interface MonthsOptions {
	url: string;
	sql: Sql;
	/** Months before the current one that are kept; 0 keeps all. */
	keepMonths: number;
	log: Pick<Logger, 'info' | 'warn'>;
}

/** What this process does about months. */
export interface MonthsState {
	/** Months before the current one that are kept; 0 keeps all. */
	keep: number;
	/** What its latest look after them met; null after a success. */
	fault: string | null;
}

export interface MonthKeeper {
	state(): MonthsState;
	stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** After a fault. */
const AGAIN_MS = 10 * 60_000;

/** Makes the months ahead, then looks after them until stopped. */
export async function startMonths({ url, sql, keepMonths, log }: MonthsOptions): Promise<MonthKeeper> {
	let timer: NodeJS.Timeout | undefined;
	let isStopping = false;
	let fault: string | null = null;
	let running: Promise<void> = Promise.resolve();

	function next(delayMs: number): void {
		if (isStopping) return;
		timer = setTimeout(() => {
			running = round();
		}, delayMs);
		timer.unref();
	}

	async function round(): Promise<void> {
		try {
			await makeAhead(sql);
			// They matter while two statements are under way.
			await sql`delete from month_edge_events where claimed_at < now() - interval '1 day'`;
			const old = await retain(url, { keepMonths, now: Date.now(), dryRun: false });
			for (const { month, keptBecause, took } of old === 'busy' ? [] : old) {
				if (keptBecause === null) log.info({ month, ...took }, 'a month has left the log; it is in the archive');
				else log.info({ month, keptBecause }, 'a month older than what is kept stays in the log');
			}
			fault = null;
			next(old === 'busy' ? AGAIN_MS : DAY_MS);
		} catch (error) {
			fault = describe(error);
			log.warn(`the months of the log could not be looked after: ${fault}`);
			next(AGAIN_MS);
		}
	}

	await makeAhead(sql);
	next(0);
	return {
		state: () => ({ keep: keepMonths, fault }),
		async stop() {
			isStopping = true;
			clearTimeout(timer);
			await running;
		}
	};
}

/** This month and the next one, by the database's clock. */
async function makeAhead(sql: Sql): Promise<void> {
	const ahead = await sql<{ day: string }[]>`
		select log_month(at)::text as day from unnest(array[now(), now() + interval '1 month']) as at`;
	for (const { day } of ahead) await ensureMonth(sql, day);
}
