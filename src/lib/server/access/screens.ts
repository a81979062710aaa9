/**
 * Screens: named links for walls. A link's secret opens the screen in any browser that gets it, is shown once, and can be
 * replaced: what is open stays open. A revoked screen is over for good, in every browser.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { hashOf, newId, newSecret } from './secrets';

export interface Display {
	id: string;
	openedAt: number;
	seenAt: number;
	/** Whether its socket is open: it was heard of within the time of two heartbeats, and has not left since. */
	isConnected: boolean;
	address: string | null;
	userAgent: string | null;
	build: string | null;
	width: number | null;
	height: number | null;
}

export interface Screen {
	id: string;
	name: string;
	/** Null: all. */
	shops: string[] | null;
	masked: boolean;
	createdBy: string;
	createdAt: number;
	expiresAt: number | null;
	isExpired: boolean;
	revokedAt: number | null;
	/** Those that were not ended, the latest seen first. */
	displays: Display[];
}

/** What can be said of a screen. */
export interface ScreenWish {
	name: string;
	shops: string[] | null;
	masked: boolean;
	/** Milliseconds since 1970; null: never. */
	expiresAt: number | null;
}

/** A display tells of itself each half minute. Whoever is cut off without a word is missed after so long. */
const CONNECTED_SECONDS = 70;
/** Displays of a screen that are listed. */
const LISTED = 50;
/** Screens that are over are listed for so long. */
const REMEMBERED_DAYS = 30;
/** The channel on which the processes tell each other that a screen is to be loaded anew. */
export const RELOAD_CHANNEL = 'screen_reload';

/** All screens with their displays, those that are over last. */
export async function screens(sql: Sql): Promise<Screen[]> {
	const at = (column: string) => sql`extract(epoch from ${sql(column)})::float8 * 1000`;
	return sql<Screen[]>`
		select
			id, name, shops, masked, created_by as "createdBy", ${at('created_at')} as "createdAt",
			${at('expires_at')} as "expiresAt", coalesce(expires_at <= now(), false) as "isExpired",
			${at('revoked_at')} as "revokedAt",
			(
				select coalesce(json_agg(line), '[]')
				from (
					select
						id, ${at('created_at')} as "openedAt", ${at('seen_at')} as "seenAt",
						left_at is null and seen_at > now() - ${CONNECTED_SECONDS} * interval '1 second' as "isConnected",
						address, user_agent as "userAgent", build, width, height
					from displays
					where screen_id = screens.id and ended_at is null
					order by seen_at desc, id
					limit ${LISTED}
				) as line
			) as displays
		from screens
		where revoked_at is null or revoked_at > now() - ${REMEMBERED_DAYS} * interval '1 day'
		order by revoked_at is not null, lower(name), id`;
}

/** Makes a screen. @returns its id and its link's secret, which nobody can read again */
export async function createScreen(sql: Sql, wish: ScreenWish, by: Actor): Promise<{ id: string; secret: string }> {
	const { name, shops, masked, expiresAt } = wish;
	const [id, secret] = [newId(), newSecret()];
	const deed = { action: 'screen.created', object: name, detail: detailOf(wish) } as const;
	await sql`
		with made as (
			insert into screens (id, name, token_hash, shops, masked, created_by, expires_at)
			values (${id}, ${name}, ${hashOf(secret)}, ${shops}, ${masked}, ${by.visitor.name}, ${timeOf(sql, expiresAt)})
			returning id
		), ${noted(sql, by, deed, sql`made`)}
		select from made`;
	return { id, secret };
}

/** Changes a screen that goes on, or goes on by it. @returns whether there is one */
export async function changeScreen(sql: Sql, id: string, wish: ScreenWish, by: Actor): Promise<boolean> {
	const { name, shops, masked, expiresAt } = wish;
	const deed = { action: 'screen.changed', object: name, detail: detailOf(wish) } as const;
	const changed = await sql`
		with changed as (
			update screens
			set name = ${name}, shops = ${shops}, masked = ${masked}, expires_at = ${timeOf(sql, expiresAt)}
			where id = ${id} and revoked_at is null
			returning id
		), ${noted(sql, by, deed, sql`changed`)}
		select id from changed`;
	return changed.length > 0;
}

/** Gives a screen a new link; the one before opens nothing any more. @returns null when there is no such screen */
export async function renewLink(sql: Sql, id: string, by: Actor): Promise<{ name: string; secret: string } | null> {
	const secret = newSecret();
	const deed = { action: 'screen.changed', object: sql`name`, detail: { renewed: 'link' } } as const;
	const [renewed] = await sql<{ name: string }[]>`
		with renewed as (
			update screens set token_hash = ${hashOf(secret)} where id = ${id} and revoked_at is null returning name
		), ${noted(sql, by, deed, sql`renewed`)}
		select name from renewed`;
	return renewed ? { ...renewed, secret } : null;
}

/** Ends a screen for good. @returns its name; null when there is none */
export async function revokeScreen(sql: Sql, id: string, by: Actor): Promise<string | null> {
	const [revoked] = await sql<{ name: string }[]>`
		with revoked as (
			update screens set revoked_at = now() where id = ${id} and revoked_at is null returning name
		), ${noted(sql, by, { action: 'screen.revoked', object: sql`name` }, sql`revoked`)}
		select name from revoked`;
	return revoked?.name ?? null;
}

/** Lets all displays of a screen load their page anew, whichever process they are connected to. @returns its name */
export async function reloadScreen(sql: Sql, id: string, by: Actor): Promise<string | null> {
	const [screen] = await sql<{ name: string }[]>`
		with known as materialized (
			select id, name from screens where id = ${id} and revoked_at is null
		), ${noted(sql, by, { action: 'screen.reloaded', object: sql`name` }, sql`known`)}
		select name, pg_notify(${RELOAD_CHANNEL}, id) from known`;
	return screen?.name ?? null;
}

/** Which screen a link opens. */
export type Link = { id: string; name: string } | 'revoked' | 'expired' | 'unknown';

/** What the secret of a link opens. */
export async function screenOfLink(sql: Sql, secret: string): Promise<Link> {
	const [row] = await sql<{ id: string; name: string; isRevoked: boolean; isExpired: boolean }[]>`
		select id, name, revoked_at is not null as "isRevoked", coalesce(expires_at <= now(), false) as "isExpired"
		from screens where token_hash = ${hashOf(secret)}`;
	if (!row) return 'unknown';
	if (row.isRevoked) return 'revoked';
	return row.isExpired ? 'expired' : { id: row.id, name: row.name };
}

/** Milliseconds until the next screen's time is over; null when none's will be. */
export async function nextExpiry(sql: Sql): Promise<number | null> {
	const [row] = await sql<{ inMs: number | null }[]>`
		select ceil(extract(epoch from min(expires_at) - now()) * 1000)::float8 as "inMs"
		from screens
		where revoked_at is null and expires_at > now()`;
	return row?.inMs ?? null;
}

/** A screen's wish as the audit keeps it. */
function detailOf({ shops, masked, expiresAt }: ScreenWish) {
	return { shops, masked, until: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}

function timeOf(sql: Sql, time: number | null) {
	return time === null ? sql`null` : sql`to_timestamp(${time / 1000}::float8)`;
}
