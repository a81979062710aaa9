/** What the forms about keys and tokens say; a text where something is wrong with it. */
import { KEY_KINDS, type KeyWish } from '$lib/server/access/keys';
import { SCOPES } from '$lib/server/access/visitor';
import type { TokenWish } from '$lib/server/access/tokens';
import { textOf } from '$lib/ui/form';

const LONGEST_NAME = 80;
const LONGEST_SHOP = 255;
const MOST = 100;
const DAY_MS = 86_400_000;
const MOST_DAYS = 3650;

/** The key that is asked for. */
export function keyWish(form: FormData): KeyWish | string {
	const name = nameOf(form);
	if (name === null) return `A name has 1 to ${LONGEST_NAME} characters.`;
	const kind = KEY_KINDS.find((known) => known === textOf(form, 'kind'));
	if (!kind) return 'Choose where the key is used.';
	const shop = textOf(form, 'shop').trim();
	if (!isShop(shop)) return 'A shop is named by its domain, as its events name it.';
	const origins = listOf(form, 'origins').map(originOf);
	const wrong = origins.find((origin) => origin.startsWith('not '));
	if (wrong !== undefined) return `An origin looks like https://shop.example; this one is ${wrong}.`;
	if (kind === 'server' && origins.length > 0) return 'A server has no origins: it signs what it sends.';
	if (origins.length > MOST) return `At most ${MOST} origins.`;
	return { name, kind, shop: shop === '' ? null : shop, origins: [...new Set(origins)] };
}

/** The token that is asked for. @param now milliseconds since 1970 */
export function tokenWish(form: FormData, now: number): TokenWish | string {
	const name = nameOf(form);
	if (name === null) return `A name has 1 to ${LONGEST_NAME} characters.`;
	const asked = form.getAll('scope');
	const scopes = SCOPES.filter((scope) => asked.includes(scope));
	if (scopes.length === 0) return 'Choose what the token is for.';
	const shops = [...new Set(listOf(form, 'shops'))];
	if (shops.length > MOST || !shops.every(isShop)) return `At most ${MOST} shops, each by its domain.`;
	if (shops.length > 0 && scopes.some((scope) => scope !== 'read')) {
		return 'Only reading can be limited to some shops: what the other scopes do is for all of them.';
	}
	const days = textOf(form, 'days').trim();
	if (!/^\d{0,4}$/.test(days) || days === '0' || Number(days) > MOST_DAYS) return `From 1 to ${MOST_DAYS} days.`;
	return {
		name,
		scopes,
		shops: shops.length === 0 ? null : shops,
		expiresAt: days === '' ? null : now + Number(days) * DAY_MS
	};
}

/** How long an old key holds beside its successor, in hours; null where the form says nothing that can be. */
export function overlapHours(form: FormData): number | null {
	const hours = textOf(form, 'hours').trim();
	return /^\d{1,4}$/.test(hours) ? Number(hours) : null;
}

function nameOf(form: FormData): string | null {
	const name = textOf(form, 'name').trim();
	return name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name) ? null : name;
}

function listOf(form: FormData, name: string): string[] {
	return textOf(form, name)
		.split(/[\s,]+/)
		.filter((part) => part !== '');
}

function isShop(shop: string): boolean {
	return shop.length <= LONGEST_SHOP && !/\p{Cc}/u.test(shop);
}

/** As browsers send it. */
function originOf(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : null;
	const isOne =
		url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash + url.username === '';
	return isOne ? url.origin : `not one: ${text.slice(0, 100)}`;
}
