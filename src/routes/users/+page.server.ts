/** People, for administrators: who there is, inviting, changing what they may, and shutting them out. */
import { fail } from '@sveltejs/kit';
import { changeUser, disableUser, enableUser, listUsers } from '$lib/server/access/administer';
import { actorOf } from '$lib/server/access/audit';
import { invite, inviteToReset, openInvitations, revokeInvitation, type Invited } from '$lib/server/access/invitations';
import { endLogins } from '$lib/server/access/logins';
import { readName } from '$lib/server/access/users';
import { ROLES, type Role } from '$lib/server/access/visitor';
import { textOf } from '$lib/ui/form';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

const MOST_SHOPS = 200;
const LONGEST_SHOP = 255;

export const load: PageServerLoad = async (event) => {
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const { access } = event.locals.pipeline;
	const [users, invitations] = await Promise.all([listUsers(access.sql), openInvitations(access.sql)]);
	return { frame, users, invitations, self: event.locals.visitor.id };
};

export const actions: Actions = {
	invite: async (event) => {
		const { sql, form, by } = await asked(event);
		const typed = textOf(form, 'name').trim();
		const name = typed === '' ? null : readName(typed);
		if (typed !== '' && name === null) return refused('A name has letters, digits, spaces or . _ @ + -.');
		const grant = grantOf(form);
		if (typeof grant === 'string') return refused(grant);
		const invited = await invite(sql, { name, ...grant }, by);
		if (typeof invited === 'string') return refused(invited);
		return handed(event, invited, 'Whoever opens it first becomes that user. It can be used once, within 7 days.');
	},
	revoke: async (event) => {
		const { sql, id, by } = await asked(event);
		if (!(await revokeInvitation(sql, id, by))) return refused('It was used or revoked already.');
		return told('That link leads nowhere now.');
	},
	change: async (event) => {
		const { sql, form, id, by } = await asked(event);
		const grant = grantOf(form);
		if (typeof grant === 'string') return refused(grant);
		if (id === event.locals.visitor.id && grant.role !== 'admin')
			return refused('Somebody else has to take that from you.');
		const changed = await changeUser(sql, id, grant, by);
		if (typeof changed === 'string') return refused(changed);
		return told(`${changed.name} is changed.`);
	},
	disable: async (event) => {
		const { sql, id, by } = await asked(event);
		if (id === event.locals.visitor.id) return refused('Somebody else has to shut you out.');
		const changed = await disableUser(sql, id, by);
		if (typeof changed === 'string') return refused(changed);
		return told(`${changed.name} is logged out everywhere, and can not log in.`);
	},
	enable: async (event) => {
		const { sql, id, by } = await asked(event);
		const changed = await enableUser(sql, id, by);
		if (typeof changed === 'string') return refused(changed);
		return told(`${changed.name} can log in again.`);
	},
	reset: async (event) => {
		const { sql, id, by } = await asked(event);
		const invited = await inviteToReset(sql, id, by);
		if (typeof invited === 'string') return refused(invited);
		return handed(event, invited, 'By it they choose a new password. Until then the old one holds.');
	},
	end: async (event) => {
		const { sql, id, by } = await asked(event);
		const name = await endLogins(sql, id, by, event.locals.visitor.login);
		if (name === null) return refused('There is no such user.');
		return told(
			id === event.locals.visitor.id ? 'You are logged out everywhere else.' : `${name} is logged out everywhere.`
		);
	}
};

async function asked(event: RequestEvent) {
	const form = await event.request.formData();
	return { sql: event.locals.pipeline.access.sql, form, id: textOf(form, 'id'), by: actorOf(event) };
}

/** What a form says that somebody may; a text says what is wrong with it. */
function grantOf(form: FormData): { role: Role; shops: string[] | null } | string {
	const role = ROLES.find((known) => known === textOf(form, 'role'));
	if (!role) return 'Choose what they may.';
	const named = textOf(form, 'shops').split(/[,\n]/).map((shop) => shop.trim()); // prettier-ignore
	const shops = [...new Set(named.filter((shop) => shop !== ''))];
	if (shops.length === 0) return { role, shops: null };
	if (role !== 'viewer') return 'Only viewers can be limited to some shops: what the others do is for all of them.';
	if (shops.length > MOST_SHOPS || shops.some((shop) => shop.length > LONGEST_SHOP || /\p{Cc}/u.test(shop)))
		return `At most ${MOST_SHOPS} shops, each by its domain.`;
	return { role, shops };
}

/** A link that is shown this once. */
function handed({ url, locals }: RequestEvent, { secret, name }: Invited, text: string) {
	const origin = locals.pipeline.access.reach.publicOrigins[0] ?? url.origin;
	return { told: text, isFault: false, link: `${origin}/welcome#${secret}`, for: name ?? 'somebody' };
}

function told(text: string) {
	return { told: text, isFault: false, link: null, for: '' };
}

function refused(text: string) {
	return fail(400, { told: text, isFault: true, link: null, for: '' });
}
