/** What the form of a screen says, read. */
import { startOfDay, zoneOffset } from '$lib/query';
import type { ScreenWish } from '$lib/server/access/screens';
import { textOf } from '$lib/ui/form';

const LONGEST_NAME = 80;
const MOST_SHOPS = 200;
const LONGEST_SHOP = 255;

/**
 * What a form wishes for, or in words what is wrong with it.
 * @param zone in which its last day ends
 */
export function wishOf(form: FormData, zone: string, now: number): ScreenWish | string {
	const name = textOf(form, 'name').normalize('NFC').trim();
	if (name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name))
		return `A screen has a name of up to ${LONGEST_NAME} letters.`;
	const shops = shopsOf(form);
	if (typeof shops === 'string') return shops;
	const until = textOf(form, 'until');
	const expiresAt = until === '' ? null : endOf(until, zone);
	if (expiresAt !== null && !(expiresAt > now)) return 'The last day of a screen is today or later.';
	return { name, shops, masked: form.get('masked') !== null, expiresAt };
}

/** Which shops: of "some" at least one, so that nobody shows everything by leaving a field empty. */
function shopsOf(form: FormData): string[] | null | string {
	if (textOf(form, 'which') !== 'some') return null;
	const named = textOf(form, 'shops')
		.split(/[,\s]+/)
		.filter((shop) => shop !== '');
	const shops = [...new Set(named)];
	if (shops.length === 0) return 'Name the shops by their domains, or choose all of them.';
	if (shops.length > MOST_SHOPS || shops.some((shop) => shop.length > LONGEST_SHOP || /\p{Cc}/u.test(shop)))
		return `At most ${MOST_SHOPS} shops, each by its domain.`;
	return shops;
}

/** When a day of a zone ends; NaN of what is no day. */
function endOf(text: string, zone: string): number {
	const noon = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T12:00:00Z`) : NaN;
	return Number.isNaN(noon) ? NaN : startOfDay(noon - zoneOffset(noon, zone), zone, 1);
}
