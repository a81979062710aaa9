/** The parameters that operations on lists share, and the page of rows that they answer with. */
import { z } from 'zod';

/** A moment: an absolute time, or one before now. */
const moment = z.string().regex(/^(?:now(?:-\d+[mhdw])?|\d{4}-\d\d-\d\dT.+)$/);

/** Which span of time. */
export const RANGE = {
	from: moment
		.optional()
		.describe('Rows from this time on: ISO 8601, or before now, such as `now-24h`.')
		.meta({ examples: ['now-24h'] }),
	to: moment
		.optional()
		.describe('Rows before this time, written the same way.')
		.meta({ examples: ['now'] })
};

/** Which part of a list. */
export function paging(most: number, usual: number) {
	return {
		limit: z.int().min(1).max(most).default(usual).describe('Rows of a page.'),
		cursor: z.string().optional().describe('Where the page begins: `nextCursor` of the one before.')
	};
}

/** A page of rows. */
export function pageOf(row: z.ZodType) {
	return z.strictObject({
		rows: z.array(row),
		nextCursor: z.string().nullable().describe('The `cursor` of the next page; null when this is the last.')
	});
}
