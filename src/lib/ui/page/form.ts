/**
 * Forms whose fields are parameters of the address. Without JavaScript the browser sends them; with it the address
 * changes in place, and empty fields stay out of it.
 */
import { goto } from '$app/navigation';
import { CURSOR, withParams, type ParamValue } from '$lib/query';

/** Parameters that are not filters: they stay when filters are cleared. */
const NOT_FILTERS = ['from', 'to', 'tz', 'theme', 'kiosk', 'sort', 'view'];

/** The parameters of an address that a form must keep: all but its own fields, and the place in the list. */
export function keptParams(url: URL, own: readonly string[]): [name: string, value: string][] {
	return [...url.searchParams].filter(([name, value]) => name !== CURSOR && value !== '' && !own.includes(name));
}

/** The changes that take all filters out of an address. */
export function clearedParams(url: URL): Record<string, null> {
	const names = [...url.searchParams.keys()].filter((name) => !NOT_FILTERS.includes(name));
	return Object.fromEntries(names.map((name) => [name, null]));
}

/** Goes to the address that the form describes, without moving the page or the focus. */
export async function submitForm(form: HTMLFormElement, url: URL, own: readonly string[]): Promise<void> {
	const fields = new FormData(form);
	const changes: Record<string, ParamValue> = {};
	for (const name of own) {
		changes[name] = fields
			.getAll(name)
			.filter((value): value is string => typeof value === 'string' && value.trim() !== '')
			// What was typed or pasted loses the spaces around it; a word that the address had stays as it is.
			.map((value) => (url.searchParams.getAll(name).includes(value) ? value : value.trim()));
	}
	const address = withParams(url, changes);
	if (address === withParams(url, {})) return;
	// eslint-disable-next-line svelte/no-navigation-without-resolve -- the same page with another query
	await goto(address, { keepFocus: true, noScroll: true });
}
