/**
 * What administrators change of people. It guarantees that somebody who may administer can always log in: of two who
 * take the right from each other at one moment, the second one is refused. What ADMIN_PASSWORD makes is that setting's,
 * until it is disabled: what ends it is somebody's decision, never a node that lacks the setting.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { isAlive } from './logins';
import type { User } from './users';
import type { Role } from './visitor';

export interface ListedUser extends User {
	/** When a login of theirs was last used; null: never. */
	seenAt: number | null;
	/** Logins that hold. */
	logins: number;
}

type Named = Pick<User, 'id' | 'name'>;

/** Everybody, those who can log in first. */
export async function listUsers(sql: Sql): Promise<ListedUser[]> {
	return sql<ListedUser[]>`
		select
			id, name, role, shops, from_settings as "isFromSettings",
			extract(epoch from created_at)::float8 * 1000 as "createdAt",
			extract(epoch from disabled_at)::float8 * 1000 as "disabledAt",
			(select extract(epoch from max(seen_at))::float8 * 1000 from logins where user_id = users.id) as "seenAt",
			(select count(*)::int from logins where user_id = users.id and ${isAlive(sql)}) as logins
		from users
		order by disabled_at is not null, name`;
}

/** Gives a user a role and, if it is a viewer's, some shops or all. @returns the user, or why not */
export async function changeUser(
	sql: Sql,
	id: string,
	{ role, shops }: { role: Role; shops: string[] | null },
	by: Actor
): Promise<Named | string> {
	const [changed] = await sql<Named[]>`
		with ${administrators(sql)}, changed as (
			update users set role = ${role}, shops = ${shops}::text[]
			where id = ${id} and not from_settings and (${role} = 'admin' or ${canBeSpared(sql)})
			returning id, name
		), revoked as (
			update invitations set revoked_at = now() from changed
			where ${role} <> 'admin' and created_by = changed.name and used_at is null and revoked_at is null
		), ${noted(sql, by, { action: 'user.changed', object: sql`name`, detail: { role, shops } }, sql`changed`)}
		select id, name from changed`;
	return changed ?? whyNot(sql, id);
}

/**
 * Lets a user log in no more, and ends what they have. Their open invitations go too: one may be for themselves. Who is of
 * the setting ADMIN_PASSWORD is so no longer, until a node starts with it.
 * @param evenTheLast also where nobody could administer any more, which opens what this machine alone reaches
 */
export async function disableUser(
	sql: Sql,
	id: string,
	by: Actor,
	{ evenTheLast = false }: { evenTheLast?: boolean } = {}
): Promise<Named | string> {
	const [changed] = await sql<Named[]>`
		with ${administrators(sql)}, changed as (
			update users set disabled_at = coalesce(disabled_at, now()), from_settings = false
			where id = ${id} and (${evenTheLast} or ${canBeSpared(sql)})
			returning id, name
		), ended as (
			update logins set ended_at = now() from changed where user_id = changed.id and ended_at is null
		), revoked as (
			update invitations set revoked_at = now() from changed
			where (created_by = changed.name or user_id = changed.id) and used_at is null and revoked_at is null
		), ${noted(sql, by, { action: 'user.disabled', object: sql`name` }, sql`changed`)}
		select id, name from changed`;
	return changed ?? ((await knownAs(sql, id)) ? NOBODY_LEFT : UNKNOWN);
}

/** Lets a user log in again, anew. */
export async function enableUser(sql: Sql, id: string, by: Actor): Promise<Named | string> {
	const [changed] = await sql<Named[]>`
		with changed as (
			update users set disabled_at = null where id = ${id} and not from_settings returning id, name
		), ${noted(sql, by, { action: 'user.enabled', object: sql`name` }, sql`changed`)}
		select id, name from changed`;
	return changed ?? whyNot(sql, id);
}

/** Those who could administer now. Whoever changes one of them waits for whoever just does. */
function administrators(sql: Sql) {
	return sql`administrators as materialized (
		select id from users where role = 'admin' and disabled_at is null and password is not null order by id for update
	)`;
}

function canBeSpared(sql: Sql) {
	return sql`(users.role <> 'admin' or (select count(*) from administrators where administrators.id <> users.id) > 0)`;
}

const UNKNOWN = 'There is no such user.';
const NOBODY_LEFT = 'Nobody could administer any more: make somebody else an administrator first.';

async function whyNot(sql: Sql, id: string): Promise<string> {
	const known = await knownAs(sql, id);
	if (!known) return UNKNOWN;
	return known.isFromSettings ? `What ${known.name} may is said by the setting ADMIN_PASSWORD.` : NOBODY_LEFT;
}

async function knownAs(sql: Sql, id: string): Promise<{ name: string; isFromSettings: boolean } | undefined> {
	const [known] = await sql<{ name: string; isFromSettings: boolean }[]>`
		select name, from_settings as "isFromSettings" from users where id = ${id}`;
	return known;
}
