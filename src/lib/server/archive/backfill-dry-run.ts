/**
 * What a dry run does instead of writing: asks the log which events it does not have. Of an event that comes twice in the
 * run only the first is new; what the run has seen is remembered in a temporary table, which no other connection sees and
 * which is gone with the run.
 */
import { describe } from '../commit/faults';
import { keyParts } from '../commit/rows';
import { connect } from '../db/connect';
import type { Writer } from './backfill';

/** A writer that writes nothing. */
export function dryRunOf(url: string): Writer {
	const sql = connect({ url, application: 'control-room dry run', max: 1 });
	return {
		async write(rows) {
			try {
				await sql`create temporary table if not exists dry_run_seen (key bytea primary key)`;
				const keys = rows.map(({ key }) => keyParts(key));
				const [row] = await sql<{ count: number }[]>`
					with
					input as (
						select shop, id, sha256(convert_to(coalesce(shop, chr(1)) || chr(2) || id, 'UTF8')) as key
						from unnest(${keys.map(({ shop }) => shop)}::text[], ${keys.map(({ id }) => id)}::text[]) as input (shop, id)
					),
					missing as (
						select key from input
						where case when shop is null
							then not exists (select from analytics_events as log where log.id = input.id and log.shop_domain is null)
							else not exists (select from analytics_events as log where log.id = input.id and log.shop_domain = input.shop)
						end
					),
					first as (insert into dry_run_seen select key from missing on conflict do nothing returning 1)
					select count(*)::integer as count from first`;
				return { newEvents: row?.count ?? 0, refused: 0 };
			} catch (error) {
				return { fault: describe(error) };
			}
		},
		end: () => sql.end({ timeout: 1 })
	};
}
