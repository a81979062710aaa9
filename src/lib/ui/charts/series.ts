/** What a chart shows. */
import type { Tone } from '../words';

export interface ChartSeries {
	name: string;
	tone: Tone;
	/** One a bucket; null where there is no data, which is not 0. */
	values: readonly (number | null)[];
	/** Where a bucket's value opens: exactly the rows that it counts. */
	hrefs?: readonly (string | null)[];
}

/** The sum of what is known; null when nothing is. */
export function sum(values: readonly (number | null)[]): number | null {
	const known = values.filter((value) => value !== null);
	return known.length === 0 ? null : known.reduce((all, value) => all + value, 0);
}
