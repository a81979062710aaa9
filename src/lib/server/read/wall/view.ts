/** Whose Control Room it is: of which shops, and whether with figures. The whole one is read as if there were no others. */
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';

export interface View {
	/** Null: all, and what belongs to none. */
	shops: readonly string[] | null;
	/** Whether figures are hidden. */
	masked: boolean;
}

/** Of everything. */
export const WHOLE: View = { shops: null, masked: false };

/** The same for views that show the same. */
export function viewKey({ shops, masked }: View): string {
	return JSON.stringify([masked, shops && [...new Set(shops)].sort()]);
}

/** " and …", where a view has not all shops; of a relation with the column shop_domain. */
export function andOfShops(sql: Sql, { shops }: View): Fragment {
	return shops ? sql`and shop_domain = any(${[...shops]}::text[])` : sql``;
}
