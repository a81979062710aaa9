/** The audit as a file, filtered as its page is. */
import { isFault, readFilters } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { found } from '$lib/server/api/list';
import { exported, iso, MOST_ROWS } from '$lib/server/api/rows';
import type { AuditRow } from '$lib/server/read/audit';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<AuditRow>[] = [
	{ name: 'id', cell: ({ id }) => id },
	{ name: 'at', cell: ({ at }) => iso(at) },
	{ name: 'actor_kind', cell: ({ kind }) => kind },
	{ name: 'actor', cell: ({ actor }) => actor },
	{ name: 'address', cell: ({ address }) => address },
	{ name: 'action', cell: ({ action }) => action },
	{ name: 'object', cell: ({ object }) => object },
	{ name: 'detail', cell: ({ detail }) => JSON.stringify(detail) }
];

export const GET: RequestHandler = async ({ url, locals }) => {
	const { audit } = locals.pipeline.pages;
	const filters = readFilters(audit.filters, url.searchParams);
	if (isFault(filters)) return found(filters);
	const file = await exported('audit', COLUMNS, (cursor) => audit.list({ filters, cursor, limit: MOST_ROWS }));
	return isFault(file) ? found(file) : file;
};
