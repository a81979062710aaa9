/** What a field of the events' data says, as the page about events counts it; as CSV the same rows. */
import { fault, isFault } from '$lib/query';
import { csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { FieldValues } from '$lib/server/read/events/fields';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<FieldValues['values'][number]>[] = [
	{ name: 'value', cell: ({ value }) => value },
	{ name: 'events', cell: ({ events }) => events }
];

export const GET: RequestHandler = (event) => {
	const { events } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: events.filters, from: 'now-24h' },
		({ range, filters }) => read(range, filters),
		async ({ range, filters }) => {
			const found = await read(range, filters);
			return isFault(found) ? found : csvResponse('values', COLUMNS, [found.values]);
		}
	);

	async function read(...[range, filters]: Parameters<typeof events.fieldNames>) {
		if (filters.field === null) return fault('field', '“field” must name a field of the data, such as status or a.b.');
		return events.fieldValues(range, filters, filters.field, true);
	}
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
