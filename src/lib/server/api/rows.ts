/** What operations on lists share: how many rows a page has, and all rows as a file. */
import { fault, isFault, type QueryFault } from '../../query';
import { allPages, csvResponse, type CsvColumn } from './csv';

/** Rows of a page at most, and of each part of an export. */
export const MOST_ROWS = 500;

/** The fault of a number of rows that is not one. */
export function limitFault(limit: number | null): QueryFault | null {
	if (limit === null || (limit >= 1 && limit <= MOST_ROWS)) return null;
	return fault('limit', `“limit” must be from 1 to ${MOST_ROWS}.`);
}

/** The whole list as a file. Its first page is read before anything is answered, so that a fault can still be told. */
export async function exported<R>(
	fileName: string,
	columns: readonly CsvColumn<R>[],
	read: (cursor: string | null) => Promise<{ rows: readonly R[]; next: string | null } | QueryFault>
): Promise<Response | QueryFault> {
	const first = await read(null);
	if (isFault(first)) return first;
	const pages = allPages(async (cursor) => {
		const page = cursor === null ? first : await read(cursor);
		if (isFault(page)) throw new Error(page.message);
		return page;
	});
	return csvResponse(fileName, columns, pages);
}

/** A moment as it stands in a file. */
export function iso(at: number | null): string | null {
	return at === null ? null : new Date(at).toISOString();
}
