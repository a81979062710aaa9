/** Write keys and API tokens, for administrators. A secret is in the one answer that makes it, and nowhere else. */
import { fail } from '@sveltejs/kit';
import { actorOf } from '$lib/server/access/audit';
import {
	createKey,
	KEY_MODES,
	listKeys,
	LOOKED_AT,
	revokeKey,
	rotateKey,
	setKeyMode,
	unsignedByShop
} from '$lib/server/access/keys';
import { createToken, listTokens, revokeToken } from '$lib/server/access/tokens';
import { textOf } from '$lib/ui/form';
import { pageQuery } from '$lib/ui/page/frame';
import type { Made } from './snippets';
import { keyWish, overlapHours, tokenWish } from './wish';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

const HOUR_MS = 3_600_000;

export const load: PageServerLoad = async (event) => {
	const { frame } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const { access } = event.locals.pipeline;
	const [settings, tokens, unsigned] = await Promise.all([
		listKeys(access.sql),
		listTokens(access.sql),
		unsignedByShop(access.sql)
	]);
	return { frame, ...settings, tokens, unsigned: { ...unsigned, lookedAt: LOOKED_AT } };
};

export const actions: Actions = {
	create: async (event) => {
		const { sql, form, by } = await asked(event);
		const wish = keyWish(form);
		if (typeof wish === 'string') return refused(wish);
		return handed(event, `The key “${wish.name}”`, await createKey(sql, wish, by), wish);
	},
	rotate: async (event) => {
		const { sql, form, id, by } = await asked(event);
		const hours = overlapHours(form);
		if (hours === null) return refused('Say for how many hours the old key goes on holding.');
		const made = await rotateKey(sql, id, Date.now() + hours * HOUR_MS, by);
		if (!made) return refused('The key holds no more, or has a successor already.');
		return handed(event, `The successor of “${made.wish.name}”`, made, made.wish);
	},
	revoke: async (event) => {
		const { sql, id, by } = await asked(event);
		const name = await revokeKey(sql, id, by);
		if (name === null) return refused('It was revoked already.');
		return told(`The key “${name}” vouches for nothing any more.`);
	},
	mode: async (event) => {
		const { sql, form, by } = await asked(event);
		const mode = KEY_MODES.find((known) => known === textOf(form, 'mode'));
		if (!mode) return refused('Choose what becomes of events without a key.');
		if (!(await setKeyMode(sql, mode, by)))
			return refused('No key holds: everything would be refused. Make one first.');
		return told(mode === 'mark' ? 'Events without a key are stored, and marked.' : 'Events without a key are refused.');
	},
	token: async (event) => {
		const { sql, form, by } = await asked(event);
		const wish = tokenWish(form, Date.now());
		if (typeof wish === 'string') return refused(wish);
		const secret = await createToken(sql, wish, by);
		return handed(event, `The token “${wish.name}”`, { id: null, secret }, null);
	},
	'revoke-token': async (event) => {
		const { sql, id, by } = await asked(event);
		const name = await revokeToken(sql, id, by);
		if (name === null) return refused('It was revoked already.');
		return told(`The token “${name}” opens nothing any more.`);
	}
};

async function asked(event: RequestEvent) {
	const form = await event.request.formData();
	return { sql: event.locals.pipeline.access.sql, form, id: textOf(form, 'id'), by: actorOf(event) };
}

/** A secret that is shown this once, with what it is for: null for a token. */
function handed(
	{ url, locals }: RequestEvent,
	what: string,
	made: { id: string | null; secret: string },
	key: { kind: 'browser' | 'server'; shop: string | null } | null
) {
	const origin = locals.pipeline.access.reach.publicOrigins[0] ?? url.origin;
	const use: Made = { what, origin, ...made, kind: key?.kind ?? 'token', shop: key?.shop ?? null };
	return { told: '', isFault: false, made: use };
}

function told(text: string) {
	return { told: text, isFault: false, made: null };
}

function refused(text: string) {
	return fail(400, { told: text, isFault: true, made: null });
}
