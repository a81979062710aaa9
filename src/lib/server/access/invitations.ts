/**
 * Invitations: links that make one user, or set one user's password anew. It guarantees that one is used at most once,
 * however many try at the same moment: all that follows from its use is the same statement.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { LONGEST_AGENT, LONGEST_HOURS, type From } from './logins';
import { passwordHash } from './passwords';
import { hashOf, newId, newSecret } from './secrets';
import type { Role } from './visitor';

/** Who invites by the link that is printed at the start; no user's name has capitals. */
const SETUP = 'SETUP_LINK';
const HOURS = 7 * 24;
const SETUP_HOURS = 24;

export interface Invitation {
	id: string;
	/** Of the user that there will be, or whose password is set; null: they choose it. */
	name: string | null;
	role: Role;
	shops: string[] | null;
	/** Whether it sets a password anew. */
	isReset: boolean;
	createdBy: string;
	createdAt: number;
	expiresAt: number;
}

/** An invitation with its secret, which is known this once. */
export interface Invited {
	secret: string;
	name: string | null;
}

/** Somebody who came in, with the secret of their new login. */
export interface Joined {
	id: string;
	name: string;
	role: Role;
	/** Whether they were there before, and have a new password. */
	isReset: boolean;
	createdBy: string;
	secret: string;
}

export interface Wish {
	name: string | null;
	role: Role;
	shops: string[] | null;
}

/** Invites somebody. The first one must be able to invite others. @returns what to hand over, or why not */
export async function invite(sql: Sql, { name, role, shops }: Wish, by: Actor): Promise<Invited | string> {
	const [known] = await sql<{ isTaken: boolean; isFirst: boolean }[]>`
		select
			exists (select from users where name = ${name}) as "isTaken",
			not ${hasAdministrator(sql)} as "isFirst"`;
	if (known?.isTaken) return `There is a user “${name ?? ''}” already.`;
	if (known?.isFirst && role !== 'admin') return 'The first user must be an administrator, who can invite the others.';
	const secret = newSecret();
	const deed = { action: 'user.invited', object: name ?? 'somebody', detail: { role, shops } } as const;
	await sql`
		with made as (
			insert into invitations (id, token_hash, name, role, shops, created_by, expires_at)
			values (
				${newId()}, ${hashOf(secret)}, ${name}, ${role}, ${shops}::text[], ${by.visitor.name},
				now() + ${HOURS} * interval '1 hour'
			)
			returning id
		), ${noted(sql, by, deed, sql`made`)}
		select from made`;
	return { secret, name };
}

/** Makes a link by which a user sets their password anew, in place of an earlier one. @returns it, or why not */
export async function inviteToReset(sql: Sql, userId: string, by: Actor): Promise<Invited | string> {
	const secret = newSecret();
	const deed = { action: 'user.invited', object: sql`name`, detail: { resets: 'password' } } as const;
	const [made] = await sql<{ name: string }[]>`
		with known as (
			select id, name, role, shops from users where id = ${userId} and not from_settings and disabled_at is null
		), revoked as (
			update invitations set revoked_at = now() from known
			where user_id = known.id and used_at is null and revoked_at is null
		), made as (
			insert into invitations (id, token_hash, name, role, shops, user_id, created_by, expires_at)
			select
				${newId()}, ${hashOf(secret)}, name, role, shops, id, ${by.visitor.name}, now() + ${HOURS} * interval '1 hour'
			from known
			returning name
		), ${noted(sql, by, deed, sql`made`)}
		select name from made`;
	return made ? { secret, name: made.name } : 'There is no such user, or their password is not set by a link.';
}

/** Makes the link for the first user, in place of earlier ones. @returns its secret; null once there is somebody */
export async function inviteFirst(sql: Sql): Promise<string | null> {
	const secret = newSecret();
	const made = await sql`
		with revoked as (
			update invitations set revoked_at = now()
			where created_by = ${SETUP} and used_at is null and revoked_at is null
		)
		insert into invitations (id, token_hash, role, created_by, expires_at)
		select ${newId()}, ${hashOf(secret)}, 'admin', ${SETUP}, now() + ${SETUP_HOURS} * interval '1 hour'
		where not exists (select from users where disabled_at is null)
		returning id`;
	return made.length > 0 ? secret : null;
}

/** The invitation of a secret, if it can be used. */
export async function invitationOf(sql: Sql, secret: string): Promise<Invitation | null> {
	const [invitation] = await sql<Invitation[]>`
		select ${columns(sql)} from invitations where token_hash = ${hashOf(secret)} and ${isUsable(sql)}`;
	return invitation ?? null;
}

/** The invitations that can be used, the newest first. */
export async function openInvitations(sql: Sql): Promise<Invitation[]> {
	return sql<Invitation[]>`
		select ${columns(sql)} from invitations where ${isUsable(sql)} order by created_at desc, id`;
}

/** @returns the invitation that can be used no more; null when it could not before */
export async function revokeInvitation(sql: Sql, id: string, by: Actor): Promise<Invitation | null> {
	const deed = {
		action: 'invitation.revoked',
		object: sql`coalesce(name, 'somebody')`,
		detail: sql`jsonb_build_object('role', role)`
	} as const;
	const [revoked] = await sql<Invitation[]>`
		with revoked as (
			update invitations set revoked_at = now() where id = ${id} and ${isUsable(sql)} returning ${columns(sql)}
		), ${noted(sql, by, deed, sql`revoked`)}
		select * from revoked`;
	return revoked ?? null;
}

/**
 * Uses an invitation: makes its user, or sets its user's password and ends their logins, and begins a login.
 * @param name what the user chose, where the invitation leaves it open
 * @returns who came in; or that the invitation can not be used, or that there is a user of this name
 */
export async function join(
	sql: Sql,
	secret: string,
	{ name, password }: { name: string | null; password: string },
	{ address, userAgent }: From
): Promise<Joined | 'gone' | 'taken'> {
	// Making a hash is dear, and not for whoever sends anything.
	if (!(await invitationOf(sql, secret))) return 'gone';
	const hash = await passwordHash(password);
	const login = newSecret();
	try {
		const [joined] = await sql<Omit<Joined, 'secret'>[]>`
			with used as (
				update invitations set used_at = now() where token_hash = ${hashOf(secret)} and ${isUsable(sql)}
				returning name, role, shops, user_id, created_by
			), made as (
				insert into users (id, name, password, role, shops)
				select ${newId()}, coalesce(used.name, ${name}), ${hash}, role, shops from used where user_id is null
				returning id, name, role, false as "isReset"
			), reset as (
				update users set password = ${hash} from used where users.id = used.user_id
				returning users.id, users.name, users.role, true as "isReset"
			), ended as (
				update logins set ended_at = now() from reset where logins.user_id = reset.id and ended_at is null
			), joined as (
				select * from made union all select * from reset
			), begun as (
				insert into logins (id, token_hash, user_id, expires_at, address, user_agent)
				select
					${newId()}, ${hashOf(login)}, id, now() + ${LONGEST_HOURS} * interval '1 hour', ${address},
					${userAgent?.slice(0, LONGEST_AGENT) ?? null}
				from joined
			), noted as (
				insert into audit (actor_kind, actor_id, actor, address, action, object, detail)
				select
					'user', joined.id, joined.name, ${address},
					case when "isReset" then 'password.changed' else 'user.joined' end, joined.name,
					case
						when "isReset" then jsonb_build_object('by', created_by)
						else jsonb_build_object('role', joined.role, 'by', created_by)
					end
				from joined, used
			)
			select id, joined.name, joined.role, "isReset", created_by as "createdBy" from joined, used`;
		return joined ? { ...joined, secret: login } : 'gone';
	} catch (error) {
		if (isTaken(error)) return 'taken';
		throw error;
	}
}

function isTaken(error: unknown): boolean {
	return error instanceof Error && 'constraint_name' in error && error.constraint_name === 'users_name_key';
}

function columns(sql: Sql) {
	return sql`
		id, name, role, shops, user_id is not null as "isReset", created_by as "createdBy",
		extract(epoch from created_at)::float8 * 1000 as "createdAt",
		extract(epoch from expires_at)::float8 * 1000 as "expiresAt"`;
}

/**
 * Of a new user: the first one must be an administrator. Of a user: they must be able to log in with a password. Of whoever
 * is shut out or administers no more: none, not even one that they asked for while that was just done.
 */
function isUsable(sql: Sql) {
	return sql`(
		used_at is null and revoked_at is null and expires_at > now()
		and not exists (
			select from users as inviting
			where inviting.name = created_by and (inviting.disabled_at is not null or inviting.role <> 'admin')
		)
		and case
			when user_id is not null then exists (
				select from users where users.id = user_id and disabled_at is null and not from_settings
			)
			when created_by = ${SETUP} then not exists (select from users where disabled_at is null)
			else invitations.role = 'admin' or ${hasAdministrator(sql)}
		end
	)`;
}

function hasAdministrator(sql: Sql) {
	return sql`exists (select from users where users.role = 'admin' and disabled_at is null and password is not null)`;
}
