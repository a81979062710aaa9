/**
 * Coming in by a link: an invitation's, the first user's, or one that sets a password anew. Its secret stands behind the
 * #, which no browser sends; the page sends it in a form, as does whoever pastes the link.
 */
import { fail, redirect } from '@sveltejs/kit';
import { fromOf, keepLogin } from '$lib/server/access/browser';
import { invitationOf, join } from '$lib/server/access/invitations';
import { LONGEST_PASSWORD, passwordFault, SHORTEST_PASSWORD } from '$lib/server/access/passwords';
import { readName } from '$lib/server/access/users';
import { textOf } from '$lib/ui/form';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

const GONE = 'This link can not be used: it was used, revoked, or is too old. Ask for a new one.';
const NO_NAME = 'A name has up to 80 letters, digits, spaces or . _ @ + -, and begins with a letter or a digit.';

export const load: PageServerLoad = ({ url, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	return { isSecure: url.protocol === 'https:', shortest: SHORTEST_PASSWORD, longest: LONGEST_PASSWORD };
};

export const actions: Actions = {
	/** What the link is for. */
	open: async (event) => {
		const { secret, invitation } = await asked(event, await event.request.formData());
		return invitation ? { secret, invitation, name: '', message: '' } : gone();
	},
	join: async (event) => {
		const { access } = event.locals.pipeline;
		const form = await event.request.formData();
		const { secret, invitation } = await asked(event, form);
		if (!invitation) return gone();
		const [typed, password] = [textOf(form, 'name'), textOf(form, 'password')];
		const refused = (message: string) => fail(400, { secret, invitation, name: typed, message });
		const name = invitation.name ?? readName(typed);
		if (name === null) return refused(NO_NAME);
		const fault = passwordFault(password, textOf(form, 'again'));
		if (fault) return refused(fault);
		const from = fromOf(event);
		const joined = await join(access.sql, secret, { name, password }, from);
		if (joined === 'gone') return gone();
		if (joined === 'taken') return refused('There is a user of this name already: choose another one.');
		await keepLogin(event, joined.secret);
		await access.renew();
		redirect(303, '/');
	}
};

/** The invitation that a form means, by its secret or the whole link. */
async function asked({ locals }: RequestEvent, form: FormData) {
	const text = textOf(form, 'secret').trim();
	const secret = text.slice(text.indexOf('#') + 1);
	const found = await invitationOf(locals.pipeline.access.sql, secret);
	return { secret, invitation: found && { name: found.name, role: found.role, isReset: found.isReset } };
}

function gone() {
	return fail(410, { secret: '', invitation: null, name: '', message: GONE });
}
