/** The events of a chart: each type by itself where they are few enough to be told apart, each bar a link to its events. */
import type { Millis } from '$lib/live/messages';
import { withParams, type Buckets } from '$lib/query';
import type { ChartSeries } from '$lib/ui/charts/series';
import type { Tone } from '$lib/ui/words';

const TONES: readonly Tone[] = ['active', 'done', 'left', 'stuck', 'failed'];

interface TypeSeries {
	type: string;
	events: readonly (number | null)[];
}

/** @param chosen the types that are filtered by; none for all */
export function chartSeries(
	types: readonly TypeSeries[],
	times: Buckets,
	chosen: readonly string[],
	url: URL
): ChartSeries[] {
	const apart = types.length <= TONES.length + 1 ? TONES.length + 1 : TONES.length;
	const own = types.slice(0, apart);
	const others = types.slice(apart);
	const href = (type: string | null) =>
		times.partial.map((_, index) =>
			bucketHref(url, times, index, type === null ? {} : { type: type.includes(',') ? null : type })
		);
	const series: ChartSeries[] = own.map(({ type, events }, index) => ({
		name: type,
		tone: TONES[index] ?? 'quiet',
		values: events,
		hrefs: href(type)
	}));
	if (types.length === 0) return [{ name: 'Events', tone: 'active', values: times.partial.map(() => 0) }];
	if (others.length > 0) {
		const values = times.partial.map((_, index) => together(others.map(({ events }) => events[index] ?? null)));
		// Too many for one address where they were not chosen by name.
		const hrefs =
			chosen.length > 0
				? {
						hrefs: times.partial.map((_, index) =>
							bucketHref(url, times, index, { type: others.map(({ type }) => type) })
						)
					}
				: {};
		series.push({ name: `${others.length} other types`, tone: 'quiet', values, ...hrefs });
	}
	return series;
}

function together(values: readonly (number | null)[]): number | null {
	return values.includes(null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

function bucketHref(
	url: URL,
	{ edges }: Buckets,
	index: number,
	changes: Record<string, string | string[] | null>
): string {
	const at = (edge: Millis | undefined) => new Date(edge ?? 0).toISOString();
	return withParams(url, { ...changes, from: at(edges[index]), to: at(edges[index + 1]) });
}
