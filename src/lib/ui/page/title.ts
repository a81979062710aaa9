/** The title of a page in the browser: its name, and what it is filtered by, so that tabs and the history tell pages apart. */

/** What an address carries beside filters. */
const NO_FILTERS = new Set([
	'from',
	'to',
	'tz',
	'theme',
	'kiosk',
	'cursor',
	'view',
	'list',
	'sort',
	'by',
	'begun_in',
	'all'
]);
const LONGEST = 80;

/** @param name what the page is called */
export function pageTitle(name: string, { searchParams }: Pick<URL, 'searchParams'>): string {
	const asked = [...searchParams].filter(
		([key, value]) => value !== '' && !NO_FILTERS.has(key) && !key.startsWith('/')
	);
	const words = asked.map(([key, value]) => (/^[\d.]+$|^(true|false)$/.test(value) ? `${key} ${value}` : value));
	const text = Array.from(words.join(', ').replaceAll(',', ', ').replaceAll(/\s+/g, ' '));
	const filters = text.length > LONGEST ? `${text.slice(0, LONGEST).join('')}…` : text.join('');
	return `${name}${filters === '' ? '' : `: ${filters}`} · Control Room`;
}
