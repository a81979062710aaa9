/**
 * Write keys: who may send events, and for which shop. Off until the first one is made. A secret is shown once; of a
 * browser's its hash is kept, of a server's the secret too, because a signature cannot be checked by a hash.
 *
 * A key is rotated by a successor: both hold until a time that one chooses, so that clients can change over meanwhile.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { hashOf, newId, newSecret } from './secrets';

export const KEY_KINDS = ['browser', 'server'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
/** What becomes of events for which no key vouches: mark stores them without one, require refuses them. */
export const KEY_MODES = ['mark', 'require'] as const;
export type KeyMode = (typeof KEY_MODES)[number];

/** What a key is to be. */
export interface KeyWish {
	name: string;
	/** Null: all. */
	shop: string | null;
	kind: KeyKind;
	/** Where browsers may use it; none: everywhere. */
	origins: string[];
}

export interface ListedKey extends KeyWish {
	id: string;
	createdBy: string;
	/** Times are milliseconds since 1970. */
	createdAt: number;
	expiresAt: number | null;
	revokedAt: number | null;
	lastUsedAt: number | null;
	/** The name of the key whose place it takes. */
	replaces: string | null;
	/** Whether another one has taken its place. */
	isReplaced: boolean;
	isAlive: boolean;
}

export interface NewKey {
	id: string;
	/** Shown once, kept nowhere else. */
	secret: string;
}

export interface KeySettings {
	/** Null while nobody has ever made a key. */
	mode: KeyMode | null;
	keys: ListedKey[];
}

/** All keys, those that hold first, and what becomes of events without one. */
export async function listKeys(sql: Sql): Promise<KeySettings> {
	const keys = await sql<ListedKey[]>`
		select
			id, name, shop, kind, origins, created_by as "createdBy", replaces,
			${millis(sql, 'created_at')} as "createdAt", ${millis(sql, 'expires_at')} as "expiresAt",
			${millis(sql, 'revoked_at')} as "revokedAt", ${millis(sql, 'last_used_at')} as "lastUsedAt",
			${isReplaced(sql)} as "isReplaced",
			${isAlive(sql)} as "isAlive"
		from write_keys
		order by ${isAlive(sql)} desc, name, created_at desc`;
	const [settings] = await sql<{ mode: KeyMode }[]>`select key_mode as mode from access_settings`;
	return { mode: keys.length === 0 ? null : (settings?.mode ?? 'mark'), keys };
}

/** Makes a key. */
export async function createKey(sql: Sql, { name, shop, kind, origins }: KeyWish, by: Actor): Promise<NewKey> {
	const [id, secret] = [newId(), newSecret()];
	const deed = { action: 'key.created', object: name, detail: { id, kind, shop, origins } } as const;
	await sql`
		with made as (
			insert into write_keys (id, name, shop, kind, token_hash, secret, origins, created_by)
			values (
				${id}, ${name}, ${shop}, ${kind}, ${hashOf(secret)}, ${kind === 'server' ? secret : null}, ${origins}::text[],
				${by.visitor.name}
			)
			returning id
		), ${noted(sql, by, deed, sql`made`)}
		select from made`;
	return { id, secret };
}

/**
 * Gives a key a successor with a secret of its own.
 * @param until when the old one ends, in milliseconds since 1970; never later than it would have ended anyway
 * @returns the successor, with what it is; null when the key does not hold or has a successor already
 */
export async function rotateKey(
	sql: Sql,
	id: string,
	until: number,
	by: Actor
): Promise<(NewKey & { wish: KeyWish }) | null> {
	const [successor, secret] = [newId(), newSecret()];
	const deed = {
		action: 'key.rotated',
		object: sql`name`,
		detail: { id, successor, until: new Date(until).toISOString() }
	} as const;
	return sql.begin(async (transaction) => {
		// Of two who rotate at one moment, the second finds the first one's successor.
		await transaction`select from write_keys where id = ${id} for update`;
		const [wish] = await transaction<KeyWish[]>`
			with replaced as (
				update write_keys set expires_at = least(expires_at, ${new Date(until)})
				where id = ${id} and ${isAlive(sql)} and not ${isReplaced(sql)}
				returning name, shop, kind, origins
			), made as (
				insert into write_keys (id, name, shop, kind, token_hash, secret, origins, created_by, replaces)
				select
					${successor}, name, shop, kind, ${hashOf(secret)}, case kind when 'server' then ${secret} end, origins,
					${by.visitor.name}, ${id}
				from replaced
			), ${noted(sql, by, deed, sql`replaced`)}
			select name, shop, kind, origins from replaced`;
		return wish ? { id: successor, secret, wish } : null;
	});
}

/** Ends a key at once. @returns its name; null when there is none, or it was revoked before */
export async function revokeKey(sql: Sql, id: string, by: Actor): Promise<string | null> {
	const [key] = await sql<{ name: string }[]>`
		with revoked as (
			update write_keys set revoked_at = now() where id = ${id} and revoked_at is null returning name
		), ${noted(sql, by, { action: 'key.revoked', object: sql`name`, detail: { id } }, sql`revoked`)}
		select name from revoked`;
	return key?.name ?? null;
}

/**
 * Says what becomes of events without a key.
 * @returns false where that would refuse everything, because no key holds
 */
export async function setKeyMode(sql: Sql, mode: KeyMode, by: Actor): Promise<boolean> {
	const changed = await sql`
		with changed as (
			update access_settings set key_mode = ${mode}
			where ${mode} = 'mark' or exists (select from write_keys where ${isAlive(sql)})
			returning 1
		), ${noted(sql, by, { action: 'key.mode', object: mode }, sql`changed`)}
		select from changed`;
	return changed.length > 0;
}

/** How many of a shop's latest events came without a key. */
export interface Unsigned {
	/** '' where events name none. */
	shop: string;
	events: number;
	unsigned: number;
}

/** Events that are looked at: enough for a day of most, and read within a second. */
export const LOOKED_AT = 100_000;
const MOST_SHOPS = 200;

/** Of the last day's events, and of no more than LOOKED_AT of them: what would be refused if a key were required. */
export async function unsignedByShop(sql: Sql): Promise<{ shops: Unsigned[]; isCut: boolean }> {
	const shops = await sql<(Unsigned & { looked: number })[]>`
		with latest as materialized (
			select shop_domain, key_id, ip from analytics_events
			where server_timestamp > now() - interval '1 day'
			order by server_timestamp desc
			limit ${LOOKED_AT}
		)
		select
			coalesce(shop_domain, '') as shop, count(*)::int as events,
			count(*) filter (where key_id is null)::int as unsigned,
			(select count(*)::int from latest) as looked
		from latest
		-- What the server says itself needs no key.
		where ip is not null
		group by 1
		order by 3 desc, 2 desc, 1
		limit ${MOST_SHOPS}`;
	const isCut = (shops[0]?.looked ?? 0) >= LOOKED_AT;
	return { shops: shops.map(({ shop, events, unsigned }) => ({ shop, events, unsigned })), isCut };
}

function isReplaced(sql: Sql) {
	return sql`exists (
		select from write_keys as later where later.replaces = write_keys.id and later.revoked_at is null
	)`;
}

function isAlive(sql: Sql) {
	return sql`(revoked_at is null and (expires_at is null or expires_at > now()))`;
}

function millis(sql: Sql, column: string) {
	return sql`extract(epoch from ${sql(column)})::float8 * 1000`;
}
