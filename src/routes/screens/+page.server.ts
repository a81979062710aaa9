/** Screens, for administrators: making links for walls, what hangs where, and ending it. */
import { fail } from '@sveltejs/kit';
import { isFault, readZone, UTC, ZONE_COOKIE } from '$lib/query';
import { actorOf } from '$lib/server/access/audit';
import { endDisplay } from '$lib/server/access/displays';
import { changeScreen, createScreen, reloadScreen, renewLink, revokeScreen, screens } from '$lib/server/access/screens';
import { textOf } from '$lib/ui/form';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad, RequestEvent } from './$types';
import { wishOf } from './wish';

const GONE = 'There is no such screen any more.';

export const load: PageServerLoad = async (event) => {
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const { pipeline } = event.locals;
	return { frame, screens: await screens(pipeline.access.sql), build: (await pipeline.system()).build };
};

export const actions: Actions = {
	create: async (event) => {
		const { sql, form, zone, by } = await asked(event);
		const wish = wishOf(form, zone, Date.now());
		if (typeof wish === 'string') return refused(wish);
		const { secret } = await createScreen(sql, wish, by);
		return handed(event, wish.name, secret, 'Open it in the browser of each wall that is to show this screen.');
	},
	change: async (event) => {
		const { sql, form, id, zone, by } = await asked(event);
		const wish = wishOf(form, zone, Date.now());
		if (typeof wish === 'string') return refused(wish);
		if (!(await changeScreen(sql, id, wish, by))) return refused(GONE);
		return told(`${wish.name} is changed, on all its displays.`);
	},
	renew: async (event) => {
		const { sql, id, by } = await asked(event);
		const renewed = await renewLink(sql, id, by);
		if (!renewed) return refused(GONE);
		return handed(
			event,
			renewed.name,
			renewed.secret,
			'The link before opens nothing any more. What is open stays open.'
		);
	},
	revoke: async (event) => {
		const { sql, id, by } = await asked(event);
		const name = await revokeScreen(sql, id, by);
		if (name === null) return refused(GONE);
		return told(`${name} is revoked: its displays show nothing any more.`);
	},
	reload: async (event) => {
		const { sql, id, by } = await asked(event);
		const name = await reloadScreen(sql, id, by);
		if (name === null) return refused(GONE);
		return told(`The displays of ${name} load their page anew.`);
	},
	end: async (event) => {
		const { sql, form, by } = await asked(event);
		const name = await endDisplay(sql, textOf(form, 'display'), by);
		if (name === null) return refused('There is no such display any more.');
		return told(`One display of ${name} is ended. With the link it can be opened again.`);
	}
};

async function asked(event: RequestEvent) {
	const form = await event.request.formData();
	const zone = readZone(event.url.searchParams, event.cookies.get(ZONE_COOKIE));
	const { sql } = event.locals.pipeline.access;
	return { sql, form, id: textOf(form, 'id'), zone: isFault(zone) ? UTC : zone, by: actorOf(event) };
}

/** A link that is shown this once. */
function handed({ url, locals }: RequestEvent, name: string, secret: string, text: string) {
	const origin = locals.pipeline.access.reach.publicOrigins[0] ?? url.origin;
	return { told: text, isFault: false, link: `${origin}/screen#${secret}`, for: name };
}

function told(text: string) {
	return { told: text, isFault: false, link: null, for: '' };
}

function refused(text: string) {
	return fail(400, { told: text, isFault: true, link: null, for: '' });
}
