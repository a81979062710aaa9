/** The words and colours of errors: the states of a group, and severities as series of a chart. */
import { NONE, type Buckets } from '$lib/query';
import { STEP_LABELS } from '../../events/vocabulary';
import { opening, type BucketTime, type ChartSeries } from '../charts/series';
import { sessionsHref } from '../links';
import type { FilterField } from '../page/filters';
import { severitySign, sign, type Sign } from '../words';

const STATES: Record<string, Sign> = {
	open: { word: 'Open', icon: 'alert', tone: 'failed' },
	acknowledged: { word: 'Acknowledged', icon: 'person', tone: 'active' },
	resolved: { word: 'Resolved', icon: 'check', tone: 'done' },
	came_back: { word: 'Came back', icon: 'stuck', tone: 'stuck' }
};

/** The state of a group as a sign. */
export function stateSign(state: string): Sign {
	return sign(STATES, state);
}

const ORDER = ['critical', 'error', 'warning'];

/**
 * Errors by severity as the series of a chart, the worst first. Words that clients made up are one series: a chart of
 * many colours tells nothing.
 * @param opens where errors of these severities are: those of a bucket, or all of them (null)
 */
export function severitySeries(
	severities: readonly { severity: string; errors: number[] }[],
	times: Buckets,
	opens: (severities: readonly string[], time: BucketTime | null) => string
): ChartSeries[] {
	const known = ORDER.flatMap((word) => severities.filter(({ severity }) => severity === word));
	const others = severities.filter(({ severity }) => !ORDER.includes(severity));
	const series: (Pick<Sign, 'word' | 'tone'> & { own: typeof known })[] = known.map((one) => ({
		...severitySign(one.severity),
		own: [one]
	}));
	if (others.length > 0) series.push({ word: 'Other', tone: 'quiet', own: others });
	return series.map(({ word: name, tone, own }) => {
		const words = own.map(({ severity }) => severity);
		const buckets = own[0]?.errors ?? [];
		const values = buckets.map((_, bucket) => own.reduce((all, { errors }) => all + (errors[bucket] ?? 0), 0));
		// An address names up to twenty words.
		return { name, tone, values, ...opening(times, (time) => (words.length <= 20 ? opens(words, time) : null)) };
	});
}

const OF_ERRORS = ['shop', 'severity', 'step', 'state', 'q'];

/** The sessions that errors hit in a range. @param errors the query by which the errors are asked for */
export function hitHref(
	url: URL,
	range: { fromText: string; toText: string },
	errors: URLSearchParams,
	group: string | null
): string {
	const meant = OF_ERRORS.map((name) => [`error_${name}`, errors.getAll(name)] as const);
	return sessionsHref(url, range, { by: 'hit', group, ...Object.fromEntries(meant) });
}

/** The filters of errors. */
export function errorFields(shops: readonly string[]): FilterField[] {
	return [
		{ kind: 'search', name: 'q', label: 'Code or message', placeholder: 'A part of it' },
		{ kind: 'text', name: 'shop', label: 'Shop', options: [...shops, NONE].map((value) => ({ value })) },
		{
			kind: 'choices',
			name: 'severity',
			label: 'Severity',
			options: ORDER.map((value) => ({ value, label: severitySign(value).word }))
		},
		{
			kind: 'choices',
			name: 'step',
			label: 'Step',
			options: [
				...Object.entries(STEP_LABELS).map(([value, label]) => ({ value, label })),
				{ value: NONE, label: 'No step' }
			]
		},
		{
			kind: 'choices',
			name: 'state',
			label: 'State',
			options: Object.entries(STATES).map(([value, { word }]) => ({ value, label: word }))
		},
		{ kind: 'text', name: 'group', label: 'Group', placeholder: 'Its key' }
	];
}

/** Those that only single errors have. */
export const singleFields: FilterField[] = [
	{ kind: 'text', name: 'device', label: 'Device' },
	{ kind: 'text', name: 'os', label: 'System' },
	{ kind: 'text', name: 'browser', label: 'Browser' }
];
