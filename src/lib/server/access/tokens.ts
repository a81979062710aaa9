/** API tokens: what scripts send as "Authorization: Bearer …". Each is for some scopes, and perhaps for some shops. */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { hashOf, newId, newSecret } from './secrets';
import type { Scope, Visitor } from './visitor';

/** How exactly it is known when a token was last used. */
const USED_SECONDS = 60;

/** Who sends this token; null when it is none, or no longer. */
export async function visitorOfToken(sql: Sql, secret: string): Promise<Visitor | null> {
	const [row] = await sql<{ id: string; name: string; scopes: Scope[]; shops: string[] | null; isStale: boolean }[]>`
		select
			id, name, scopes, shops,
			coalesce(last_used_at < now() - ${USED_SECONDS} * interval '1 second', true) as "isStale"
		from api_tokens
		where token_hash = ${hashOf(secret)} and ${isAlive(sql)}`;
	if (!row) return null;
	const { isStale, ...token } = row;
	if (isStale) await sql`update api_tokens set last_used_at = now() where id = ${token.id}`;
	return visitor(token);
}

/** Which of these tokens still hold, with what they are for now. */
export async function aliveTokens(sql: Sql, ids: string[]): Promise<Map<string, Visitor>> {
	if (ids.length === 0) return new Map();
	const rows = await sql<{ id: string; name: string; scopes: Scope[]; shops: string[] | null }[]>`
		select id, name, scopes, shops from api_tokens where id = any(${ids}::text[]) and ${isAlive(sql)}`;
	return new Map(rows.map((row) => [row.id, visitor(row)]));
}

/** What a token is to be. */
export interface TokenWish {
	name: string;
	scopes: Scope[];
	/** Null: all. */
	shops: string[] | null;
	/** Milliseconds since 1970; null: never. */
	expiresAt: number | null;
}

export interface ListedToken extends TokenWish {
	id: string;
	createdBy: string;
	/** Times are milliseconds since 1970. */
	createdAt: number;
	revokedAt: number | null;
	lastUsedAt: number | null;
	isAlive: boolean;
}

/** All tokens, those that hold first. */
export async function listTokens(sql: Sql): Promise<ListedToken[]> {
	return sql<ListedToken[]>`
		select
			id, name, scopes, shops, created_by as "createdBy",
			extract(epoch from created_at)::float8 * 1000 as "createdAt",
			extract(epoch from expires_at)::float8 * 1000 as "expiresAt",
			extract(epoch from revoked_at)::float8 * 1000 as "revokedAt",
			extract(epoch from last_used_at)::float8 * 1000 as "lastUsedAt",
			(${isAlive(sql)}) as "isAlive"
		from api_tokens
		order by (${isAlive(sql)}) desc, name, created_at desc`;
}

/** Makes a token. @returns its secret, which is kept nowhere */
export async function createToken(sql: Sql, { name, scopes, shops, expiresAt }: TokenWish, by: Actor): Promise<string> {
	const secret = newSecret();
	const until = expiresAt === null ? null : new Date(expiresAt);
	const detail = { scopes, shops, until: until?.toISOString() ?? null };
	await sql`
		with made as (
			insert into api_tokens (id, name, token_hash, scopes, shops, created_by, expires_at)
			values (
				${newId()}, ${name}, ${hashOf(secret)}, ${scopes}::text[], ${shops}::text[], ${by.visitor.name}, ${until}
			)
			returning id
		), ${noted(sql, by, { action: 'token.created', object: name, detail }, sql`made`)}
		select from made`;
	return secret;
}

/** Ends a token at once. @returns its name; null when there is none, or it was revoked before */
export async function revokeToken(sql: Sql, id: string, by: Actor): Promise<string | null> {
	const [token] = await sql<{ name: string }[]>`
		with revoked as (
			update api_tokens set revoked_at = now() where id = ${id} and revoked_at is null returning name
		), ${noted(sql, by, { action: 'token.revoked', object: sql`name`, detail: { id } }, sql`revoked`)}
		select name from revoked`;
	return token?.name ?? null;
}

function isAlive(sql: Sql) {
	return sql`revoked_at is null and (expires_at is null or expires_at > now())`;
}

function visitor(token: { id: string; name: string; scopes: Scope[]; shops: string[] | null }): Visitor {
	return { ...token, kind: 'token', role: null, masked: false, login: token.id };
}
