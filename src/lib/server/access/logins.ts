/**
 * Logins: a person's browser, known by a cookie. A login ends by itself after half a day without use and at most a week
 * after it began; a new one is made each time somebody logs in, so that a cookie that was planted before is worth nothing.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { hashOf, newId, newSecret } from './secrets';
import type { Visitor } from './visitor';

/** How long a login may last, however much it is used. */
export const LONGEST_HOURS = 24 * 7;
const IDLE_HOURS = 12;
/** How exactly it is known when a login was last used. */
const SEEN_SECONDS = 60;
/** What is kept of what a browser calls itself. */
export const LONGEST_AGENT = 500;

/** Where a request comes from. */
export interface From {
	/** Of the client. */
	address: string;
	userAgent: string | null;
}

export interface Login {
	id: string;
	createdAt: number;
	seenAt: number;
	expiresAt: number;
	address: string | null;
	userAgent: string | null;
}

/** How long the cookie of a login may live, in seconds. */
export const LOGIN_COOKIE_S = LONGEST_HOURS * 3600;

/** Begins a login of a user. @returns its secret, for the cookie alone */
export async function beginLogin(sql: Sql, userId: string, from: From): Promise<string> {
	const secret = newSecret();
	await begun(sql, secret, userId, from);
	return secret;
}

/** The same of somebody who has just said their password. */
export async function logIn(sql: Sql, user: { id: string; name: string }, from: From): Promise<string> {
	const secret = newSecret();
	const by: Actor = { visitor: { kind: 'user', ...user }, address: from.address };
	await sql`
		with begun as (${begun(sql, secret, user.id, from)}), ${noted(sql, by, { action: 'login.succeeded' }, sql`begun`)}
		select from begun`;
	return secret;
}

function begun(sql: Sql, secret: string, userId: string, { address, userAgent }: From) {
	return sql`
		insert into logins (id, token_hash, user_id, expires_at, address, user_agent)
		values (
			${newId()}, ${hashOf(secret)}, ${userId}, now() + ${LONGEST_HOURS} * interval '1 hour', ${address},
			${userAgent?.slice(0, LONGEST_AGENT) ?? null}
		)
		returning id`;
}

/** Whose login this is, as they are now; null when it is nobody's, or over. */
export async function visitorOfLogin(sql: Sql, secret: string): Promise<Visitor | null> {
	const [row] = await sql<{ id: string; name: string; role: Visitor['role']; shops: string[] | null; login: string; isStale: boolean }[]>`
		select
			users.id, users.name, users.role, users.shops, logins.id as login,
			logins.seen_at < now() - ${SEEN_SECONDS} * interval '1 second' as "isStale"
		from logins
		join users on users.id = logins.user_id
		where logins.token_hash = ${hashOf(secret)} and ${isAlive(sql)}`; // prettier-ignore
	if (!row) return null;
	const { isStale, ...user } = row;
	if (isStale) await sql`update logins set seen_at = now() where id = ${user.login}`;
	return visitor(user);
}

/** Which of these logins still hold, with what their users may now. For looking again at what is connected already. */
export async function aliveLogins(sql: Sql, ids: string[]): Promise<Map<string, Visitor>> {
	if (ids.length === 0) return new Map();
	const rows = await sql<{ id: string; name: string; role: Visitor['role']; shops: string[] | null; login: string }[]>`
		update logins set seen_at = now()
		from users
		where logins.id = any(${ids}::text[]) and users.id = logins.user_id and ${isAlive(sql)}
		returning users.id, users.name, users.role, users.shops, logins.id as login`;
	return new Map(rows.map((row) => [row.login, visitor(row)]));
}

function visitor(user: Pick<Visitor, 'id' | 'name' | 'role' | 'shops' | 'login'>): Visitor {
	return { ...user, kind: 'user', scopes: [], masked: false };
}

/** The logins of a user that hold, the latest used first. */
export async function loginsOf(sql: Sql, userId: string): Promise<Login[]> {
	return sql<Login[]>`
		select
			logins.id, extract(epoch from logins.created_at)::float8 * 1000 as "createdAt",
			extract(epoch from logins.seen_at)::float8 * 1000 as "seenAt",
			extract(epoch from logins.expires_at)::float8 * 1000 as "expiresAt", address, user_agent as "userAgent"
		from logins
		join users on users.id = logins.user_id
		where user_id = ${userId} and ${isAlive(sql)}
		order by logins.seen_at desc, logins.id`;
}

/** Ends a login of a user, because another takes its place. */
export async function replaceLogin(sql: Sql, userId: string, login: string): Promise<void> {
	await ended(sql, userId, login);
}

/** Ends a login of a user. @param one whether it is one of several that they chose @returns whether there was one */
export async function endLogin(sql: Sql, userId: string, login: string, by: Actor, one = false): Promise<boolean> {
	const deed = one
		? ({ action: 'login.ended', object: by.visitor.name, detail: { which: 'one' } } as const)
		: ({ action: 'login.ended' } as const);
	const found = await sql`
		with ended as (${ended(sql, userId, login)}), ${noted(sql, by, deed, sql`ended`)}
		select from ended`;
	return found.length > 0;
}

function ended(sql: Sql, userId: string, login: string) {
	return sql`
		update logins set ended_at = now() where id = ${login} and user_id = ${userId} and ended_at is null returning id`;
}

/** Ends all logins of a user but one. @returns the user's name; null when there is no such user */
export async function endLogins(
	sql: Sql,
	userId: string,
	by: Actor,
	except: string | null = null
): Promise<string | null> {
	const detail = { which: except === null || by.visitor.id !== userId ? 'all' : 'all others' };
	const [user] = await sql<{ name: string }[]>`
		with known as (
			select id, name from users where id = ${userId}
		), ended as (
			update logins set ended_at = now() from known
			where user_id = known.id and ended_at is null and logins.id is distinct from ${except}
		), ${noted(sql, by, { action: 'login.ended', object: sql`name`, detail }, sql`known`)}
		select name from known`;
	return user?.name ?? null;
}

/** Whether a login of `logins`, of a user of `users`, holds. */
export function isAlive(sql: Sql) {
	return sql`
		logins.ended_at is null and logins.expires_at > now()
		and logins.seen_at > now() - ${IDLE_HOURS} * interval '1 hour' and users.disabled_at is null`;
}
