/** The addresses of sessions, and of the list that one was opened from: its query travels with the link. */

/** The parameter in which a session's address carries the query of its list. */
export const LIST = 'list';
/** What belongs to the page rather than to the list. */
const OF_PAGE = ['theme', 'kiosk'];

/** The page of a session, opened from the list at this address. */
export function sessionHref(sessionId: string, list: Pick<URL, 'search'>): string {
	return `${sessionPath(sessionId)}?${sessionQuery(list)}`;
}

/** The page of a session, without its list. */
export function sessionPath(sessionId: string): string {
	return `/sessions/${encodeURIComponent(sessionId)}`;
}

/** What the addresses of all sessions of the list at this address carry. */
export function sessionQuery(list: Pick<URL, 'search'>): string {
	return query(new URLSearchParams(list.search), listQuery(list));
}

/** The page of another session of the same list, from a session's page. */
export function neighbourHref(sessionId: string, { searchParams }: Pick<URL, 'searchParams'>): string {
	return `${sessionPath(sessionId)}?${query(searchParams, searchParams.get(LIST) ?? '')}`;
}

/** The list that a session was opened from; null where none is told. */
export function listHref({ searchParams }: Pick<URL, 'searchParams'>): string | null {
	const list = searchParams.get(LIST);
	if (list === null) return null;
	const query = new URLSearchParams(list);
	for (const name of OF_PAGE) if (searchParams.has(name)) query.set(name, searchParams.get(name) ?? '');
	return query.size === 0 ? '/sessions' : `/sessions?${query}`;
}

function listQuery({ search }: Pick<URL, 'search'>): string {
	const query = new URLSearchParams(search);
	for (const name of OF_PAGE) query.delete(name);
	return query.toString();
}

function query(looks: URLSearchParams, list: string): string {
	const params = new URLSearchParams();
	for (const name of OF_PAGE) if (looks.has(name)) params.set(name, looks.get(name) ?? '');
	params.set(LIST, list);
	return params.toString();
}
