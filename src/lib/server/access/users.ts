/** People: what they log in with, and what they may. */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { isPassword, isPasswordHash, passwordHash } from './passwords';
import { newId } from './secrets';
import type { Role } from './visitor';

export interface User {
	id: string;
	name: string;
	role: Role;
	/** Null: all. */
	shops: string[] | null;
	isFromSettings: boolean;
	createdAt: number;
	disabledAt: number | null;
}

/** The name of the administrator that ADMIN_PASSWORD makes. */
export const ADMIN = 'admin';
/** Names by which the audit knows who is no user. */
const RESERVED = ['this machine', 'command line', 'nobody', 'somebody'];
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@+ -]{0,79}$/u;

/** A name as it is kept; null when it is none. */
export function readName(text: string): string | null {
	const name = text.normalize('NFKC').trim().toLowerCase();
	return NAME.test(name) && !RESERVED.includes(name) ? name : null;
}

/** Who has this name and this password; null when nobody has. Takes as long for either. */
export async function userWith(sql: Sql, name: string, password: string): Promise<Pick<User, 'id' | 'name'> | null> {
	const [user] = await sql<{ id: string; name: string; password: string | null }[]>`
		select id, name, password from users where name = ${readName(name) ?? ''} and disabled_at is null`;
	if (!(await isPassword(password, user?.password ?? null)) || !user) return null;
	return { id: user.id, name: user.name };
}

/** Who changes what the setting says. */
const BY_SETTING: Actor = { visitor: { kind: 'open', id: null, name: 'ADMIN_PASSWORD' }, address: null };

/**
 * Makes the administrator what the setting says. Without the setting nothing changes: another node of the same database
 * may have it, and what one node lacks must not open what all of them have closed. Who is to administer no more is disabled
 * (see administer.ts). @param setting the password, or what `passwordHash` makes of it
 */
export async function applyAdminPassword(sql: Sql, setting: string): Promise<void> {
	const [known] = await sql<{ id: string; password: string | null; disabled: boolean }[]>`
		select id, password, disabled_at is not null as disabled from users where name = ${ADMIN}`;
	const isSame = isPasswordHash(setting)
		? known?.password === setting
		: known !== undefined && (await isPassword(setting, known.password));
	if (isSame && !known?.disabled) return;
	const password = isPasswordHash(setting) ? setting : await passwordHash(setting);
	// Nodes that start together agree: the last one wins with the same.
	// Whoever knew the old password is logged out.
	await sql`
		with changed as (
			insert into users (id, name, password, role, from_settings)
			values (${newId()}, ${ADMIN}, ${password}, 'admin', true)
			on conflict (name) do update
			set password = excluded.password, role = 'admin', shops = null, from_settings = true, disabled_at = null
			returning id
		), ended as (
			update logins set ended_at = now() from changed where user_id = changed.id and ended_at is null
		), ${noted(sql, BY_SETTING, { action: 'password.changed', object: ADMIN }, sql`changed`)}
		select from changed`;
}

/** Whether somebody can log in whose password an earlier ADMIN_PASSWORD was. */
export async function hasAdminPassword(sql: Sql): Promise<boolean> {
	const users = await sql`select from users where from_settings and disabled_at is null`;
	return users.length > 0;
}

/** Whether there is a user of this name, who can log in or not. */
export async function isUser(sql: Sql, name: string): Promise<boolean> {
	const users = await sql`select from users where name = ${readName(name) ?? ''}`;
	return users.length > 0;
}

/** Whether a user's password is ADMIN_PASSWORD. */
export async function isFromSettings(sql: Sql, id: string): Promise<boolean> {
	const [user] = await sql<{ isFromSettings: boolean }[]>`
		select from_settings as "isFromSettings" from users where id = ${id}`;
	return user?.isFromSettings ?? false;
}

/** Gives a user another password. All their logins end, and so does a link that would set it. */
export async function setPassword(sql: Sql, id: string, password: string, by: Actor): Promise<void> {
	const hash = await passwordHash(password);
	await sql`
		with changed as (
			update users set password = ${hash} where id = ${id} and not from_settings returning id, name
		), revoked as (
			update invitations set revoked_at = now() from changed
			where user_id = changed.id and used_at is null and revoked_at is null
		), ${noted(sql, by, { action: 'password.changed', object: sql`name` }, sql`changed`)}
		update logins set ended_at = now() from changed where user_id = changed.id and ended_at is null`;
}

/** Whether anybody can log in. */
export async function anybody(sql: Sql): Promise<boolean> {
	const [row] = await sql<{ anybody: boolean }[]>`
		select exists (select from users where disabled_at is null) as anybody`;
	return row?.anybody ?? false;
}
