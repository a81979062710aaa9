/** One's own logins and password. Every change of a password ends all logins but a new one for this browser. */
import { fail, redirect } from '@sveltejs/kit';
import { actorOf } from '$lib/server/access/audit';
import { fromOf, keepLogin } from '$lib/server/access/browser';
import { beginLogin, endLogin, endLogins, loginsOf } from '$lib/server/access/logins';
import { LONGEST_PASSWORD, passwordFault, SHORTEST_PASSWORD } from '$lib/server/access/passwords';
import { isFromSettings, setPassword, userWith } from '$lib/server/access/users';
import { textOf } from '$lib/ui/form';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

export const load: PageServerLoad = async (event) => {
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {}, keeps: 'nothing' });
	const { visitor, pipeline } = event.locals;
	if (visitor.kind !== 'user' || visitor.id === null) return { frame, own: null };
	const { sql } = pipeline.access;
	const [logins, isSetting] = await Promise.all([loginsOf(sql, visitor.id), isFromSettings(sql, visitor.id)]);
	return {
		frame,
		own: { logins, current: visitor.login, isSetting, shortest: SHORTEST_PASSWORD, longest: LONGEST_PASSWORD }
	};
};

export const actions: Actions = {
	/** Ends one login; this browser's is what logging out is for. */
	end: async (event) => {
		const { id, sql } = userOf(event);
		const login = textOf(await event.request.formData(), 'login');
		if (!(await endLogin(sql, id, login, actorOf(event), true))) return told(404, 'It was over already.');
		return { told: 'It is logged out.', isFault: false };
	},
	endOthers: async (event) => {
		const { id, sql } = userOf(event);
		await endLogins(sql, id, actorOf(event), event.locals.visitor.login);
		return { told: 'Everything else is logged out.', isFault: false };
	},
	password: async (event) => {
		const { id, name, sql } = userOf(event);
		const { access } = event.locals.pipeline;
		const form = await event.request.formData();
		const from = fromOf(event);
		const password = textOf(form, 'password');
		if (await isFromSettings(sql, id)) return told(409, 'This password is the setting ADMIN_PASSWORD.');
		const fault = passwordFault(password, textOf(form, 'again'));
		if (fault) return told(400, fault);
		const waitSeconds = access.attempts(name, from.address);
		if (waitSeconds > 0) {
			event.setHeaders({ 'retry-after': String(waitSeconds) });
			return told(429, `Too many attempts. Try again in ${waitSeconds} seconds.`);
		}
		if (!(await userWith(sql, name, textOf(form, 'old').slice(0, LONGEST_PASSWORD))))
			return told(400, 'That is not your password now.');
		await setPassword(sql, id, password, actorOf(event));
		await keepLogin(event, await beginLogin(sql, id, from));
		redirect(303, '/account?changed');
	}
};

/** Who is logged in. Nobody is, on a machine that is open to itself. */
function userOf({ locals }: RequestEvent) {
	const { visitor, pipeline } = locals;
	if (visitor.kind !== 'user' || visitor.id === null) redirect(303, '/account');
	return { id: visitor.id, name: visitor.name, sql: pipeline.access.sql };
}

function told(status: number, text: string) {
	return fail(status, { told: text, isFault: true });
}
