/**
 * What is forgotten, taken out of every projection again: the reverse of mergeAll, with the merges' own texts for what is
 * counted. Who runs it holds all commits, and in one transaction
 *
 *   1. sets aside what is to be taken out: whole sessions, and events that belong to none (SET_ASIDE, and fills them);
 *   2. takes out all that they put in (takeOutAll);
 *   3. deletes from the log what is to be forgotten;
 *   4. merges what remains of those sessions, in which other shops may have their part (mergeAll, with its own texts);
 *   5. finds again what many sessions have in common (mendAll).
 *
 * After that every table is what a rebuild from the remaining log would make of it, but for rows that say nothing any
 * more and still name what was forgotten: EMPTIED removes them.
 */
import type { Expected } from './expected';
import { projections } from './index';

/**
 * The tables of a transaction that say what is taken out. `forgotten_events` are the log's rows with their `stamp`, of
 * whole sessions: also those events that stay. `forgotten_groups` is filled on the way.
 */
export const SET_ASIDE = `
	create temporary table forgotten_sessions (session_id text collate "C" primary key) on commit drop;
	create temporary table forgotten_groups (group_key text collate "C" primary key) on commit drop;
	create temporary table forgotten_events on commit drop as
		select log.*, event_stamp(log.event_time, log.id) as stamp from analytics_events as log with no data`;

/** How many rows were taken out, or merged from nothing, by table. */
export const ROWS = `
	select
		(select count(*) from sessions_merge)::integer as sessions,
		(select count(*) from steps_merge)::integer as session_steps,
		(select count(*) from ai_merge)::integer as ai_requests,
		(select count(*) from errors_merge)::integer as error_events`;

/** Takes out of all tables what was set aside. */
export function takeOutAll(): string {
	return `
	with
	fresh as (select * from forgotten_events),
	${projections.flatMap(({ unfold }) => unfold.takeOut ?? []).join(',\n')}
	${ROWS}`;
}

/** The statements that find registers and extremes again, for forgotten events of these types, in their order. */
export function mendAll(expected: Expected): string[] {
	return projections.flatMap(({ unfold }) => unfold.mend?.(expected) ?? []);
}

/** Removes rows whose sums have returned to zero. */
export const EMPTIED: readonly string[] = projections.flatMap(({ table, empty }) =>
	empty === undefined ? [] : [`delete from ${table} where ${empty}`]
);
