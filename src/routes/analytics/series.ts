/** The events of a chart: each type by itself where they are few enough to be told apart, each bar a link to its events. */
import { isWord, MOST_WORDS, partedWords, without, withParams, type Buckets } from '$lib/query';
import { opening, type ChartSeries } from '$lib/ui/charts/series';
import type { Tone } from '$lib/ui/words';

const TONES: readonly Tone[] = ['active', 'done', 'left', 'stuck', 'failed'];

interface TypeSeries {
	type: string;
	events: readonly (number | null)[];
}

/**
 * @param chosen the words that types are filtered by; none for all
 * @param isCut there are more types than these
 */
export function chartSeries(
	types: readonly TypeSeries[],
	times: Buckets,
	{ chosen, isCut, url }: { chosen: readonly string[]; isCut: boolean; url: URL }
): ChartSeries[] {
	if (types.length === 0) return [{ name: 'Events', tone: 'active', values: times.partial.map(() => 0) }];
	const apart = types.length <= TONES.length + 1 ? TONES.length + 1 : TONES.length;
	const own = types.slice(0, apart);
	const others = types.slice(apart);
	const opens = (words: readonly string[] | null) =>
		words === null ? {} : opening(times, (time) => withParams(url, { type: words, ...time }));
	const series: ChartSeries[] = own.map(({ type, events }, index) => ({
		name: type,
		tone: TONES[index] ?? 'quiet',
		values: events,
		...opens(isWord(type) ? [type] : null)
	}));
	if (others.length > 0) {
		const values = times.partial.map((_, index) => together(others.map(({ events }) => events[index] ?? null)));
		const words = otherWords(own, others, chosen, isCut);
		series.push({ name: `${others.length} other types`, tone: 'quiet', values, ...opens(words) });
	}
	return series;
}

/** The words that ask for the other types: their names or, where none was chosen by its own, none of those told apart. */
function otherWords(
	own: readonly TypeSeries[],
	others: readonly TypeSeries[],
	chosen: readonly string[],
	isCut: boolean
): string[] | null {
	const { only, without: left } = partedWords(chosen);
	const names = only.length > 0 ? others : own;
	if (!names.every(({ type }) => isWord(type)) || (only.length === 0 && isCut)) return null;
	const words = names.map(({ type }) => type);
	const all = only.length > 0 ? words : [...left, ...words].map(without);
	return all.length > MOST_WORDS ? null : all;
}

function together(values: readonly (number | null)[]): number | null {
	return values.includes(null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
