/** What a chart shows. */
import type { Buckets } from '$lib/query';
import type { Tone } from '../words';

export interface ChartSeries {
	name: string;
	tone: Tone;
	/** One a bucket; null where there is no data, which is not 0. */
	values: readonly (number | null)[];
	/** Where a bucket's value opens: exactly the rows that it counts. */
	hrefs?: readonly (string | null)[];
	/** Where all of them open together. */
	href?: string | null;
}

/** How the values of a column are written alike. */
export type ColumnFormat = (values: readonly (number | null)[]) => (value: number) => string;

/** A bucket's ends as an address has them. */
export interface BucketTime {
	from: string;
	to: string;
}

/** Where a series opens. @param of the address of its rows in one bucket, or in all of them (null) */
export function opening(
	{ partial, edges }: Buckets,
	of: (time: BucketTime | null) => string | null
): Required<Pick<ChartSeries, 'hrefs' | 'href'>> {
	const at = (edge: number) => new Date(edges[edge] ?? 0).toISOString();
	return { hrefs: partial.map((_, bucket) => of({ from: at(bucket), to: at(bucket + 1) })), href: of(null) };
}

/** The sum of what is known; null when nothing is. */
export function sum(values: readonly (number | null)[]): number | null {
	const known = values.filter((value) => value !== null);
	return known.length === 0 ? null : known.reduce((all, value) => all + value, 0);
}
