/**
 * Rows as CSV (RFC 4180, UTF-8), streamed page by page as the reader takes them, so that an export is never in memory as
 * a whole. Cells that a spreadsheet would take for a formula are made plain text by a leading apostrophe.
 */

/** A column: its heading, and its cell of a row; null is an empty cell. */
export interface CsvColumn<R> {
	name: string;
	cell: (row: R) => string | number | boolean | null;
}

const QUOTED = /[",\r\n]/;
/** What a spreadsheet would evaluate. Numbers alone may begin with a minus. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell as it stands in the file. */
export function csvCell(value: string | number | boolean | null): string {
	if (value === null) return '';
	if (typeof value !== 'string') return String(value);
	const safe = FORMULA.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
	return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The file as a download. @param pages the rows, in as many parts as it takes */
export function csvResponse<R>(
	fileName: string,
	columns: readonly CsvColumn<R>[],
	pages: AsyncIterable<readonly R[]> | Iterable<readonly R[]>
): Response {
	const encoder = new TextEncoder();
	const line = (cells: string[]) => `${cells.join(',')}\r\n`;
	async function* lines() {
		yield encoder.encode(line(columns.map(({ name }) => csvCell(name))));
		for await (const rows of pages) {
			yield encoder.encode(rows.map((row) => line(columns.map(({ cell }) => csvCell(cell(row))))).join(''));
		}
	}
	const source = lines();
	const body = new ReadableStream<Uint8Array>({
		async pull(controller) {
			const { done, value } = await source.next();
			if (done) controller.close();
			else controller.enqueue(value);
		},
		async cancel() {
			await source.return();
		}
	});
	return new Response(body, {
		headers: {
			'content-type': 'text/csv; charset=utf-8',
			'content-disposition': `attachment; filename="${fileName}.csv"`,
			'cache-control': 'no-store'
		}
	});
}

/** A list that is read page by page, to its end. @param read the page behind a cursor; null for the first */
export async function* allPages<R>(
	read: (cursor: string | null) => Promise<{ rows: readonly R[]; next: string | null }>
): AsyncGenerator<readonly R[]> {
	for (let cursor: string | null = null; ;) {
		const page: { rows: readonly R[]; next: string | null } = await read(cursor);
		yield page.rows;
		if (page.next === null) return;
		cursor = page.next;
	}
}
