/**
 * Chart.js, and no more of it than is used. It is imported lazily and only in a browser. A chart is made once and then
 * changed in place; its colours are read from the tokens again whenever the page turns light or dark.
 */
import {
	BarController,
	BarElement,
	CategoryScale,
	Chart,
	LinearScale,
	LineController,
	LineElement,
	PointElement,
	Tooltip,
	type ActiveElement,
	type ChartDataset,
	type ChartEvent,
	type ChartOptions
} from 'chart.js';
import { roundOnes } from './buckets';
import { paints, type Paints } from './paints';
import type { ChartSeries } from './series';

Chart.register(
	BarController,
	BarElement,
	CategoryScale,
	LinearScale,
	LineController,
	LineElement,
	PointElement,
	Tooltip
);

export interface ChartContent {
	kind: 'bars' | 'line';
	series: readonly ChartSeries[];
	/** Under the axis, one a bucket. */
	labels: readonly string[];
	/** When they begin, in minutes of their day; null for days and longer. */
	minutes: readonly number[] | null;
	/** In full, one a bucket. */
	titles: readonly string[];
	partial: readonly boolean[];
	format: (value: number) => string;
	pick: (bucket: number, series: number) => void;
}

export interface DrawnChart {
	show(content: ChartContent): void;
	destroy(): void;
}

/** About the width of a letter under the axis. */
const LETTER_PX = 7;
/** Beside the bars, for what most values are called. */
const AXIS_PX = 7 * LETTER_PX;

type Drawing = Chart<'bar' | 'line', (number | null)[], string>;
type Options = ChartOptions<'bar' | 'line'>;
type Dataset = ChartDataset<'bar' | 'line', (number | null)[]>;

/** Draws into the canvas, which fills its box. */
export function drawChart(canvas: HTMLCanvasElement): DrawnChart {
	let chart: Drawing | null = null;
	let content: ChartContent | null = null;
	let shown: ChartContent | null = null;

	const draw = () => {
		if (!content) return;
		const colours = paints(canvas);
		const [labels, sets, options] = [[...content.labels], datasets(content, colours), optionsOf(content, colours)];
		if (!chart) {
			const type = content.kind === 'bars' ? 'bar' : 'line';
			chart = new Chart(canvas, { type, data: { labels, datasets: sets }, options });
			shown = content;
			return;
		}
		// Known series are changed rather than replaced, so that they grow and shrink from where they are. In other buckets
		// they are other values: those are there at once.
		const isSame = areSame(shown, content);
		const known = chart.data.datasets.slice(0, sets.length);
		chart.data.datasets = sets.map((set, index) => Object.assign(known[index] ?? {}, set));
		chart.data.labels = labels;
		chart.options = options;
		chart.update(isCalm() || !isSame ? 'none' : undefined);
		shown = content;
	};

	const dark = matchMedia('(prefers-color-scheme: dark)');
	dark.addEventListener('change', draw);
	// The theme of the address stands on an element of the page.
	const theme = new MutationObserver(draw);
	theme.observe(document.body, { subtree: true, attributeFilter: ['data-theme'] });
	return {
		show(next) {
			content = next;
			draw();
		},
		destroy() {
			dark.removeEventListener('change', draw);
			theme.disconnect();
			chart?.destroy();
		}
	};
}

/** Do both show the same series in the same buckets? The first bucket may begin anywhere, and moves on with the range. */
function areSame(one: ChartContent | null, other: ChartContent): boolean {
	const names = ({ series }: ChartContent) => series.map(({ name }) => name).join();
	const buckets = ({ labels }: ChartContent) => [labels.length, ...labels.slice(1)].join();
	return one !== null && names(one) === names(other) && buckets(one) === buckets(other);
}

function isCalm(): boolean {
	return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

function datasets({ kind, series, partial }: ChartContent, colours: Paints): Dataset[] {
	return series.map(({ name, tone, values }): Dataset => {
		const common = { label: name, data: [...values] };
		const colour = colours.fill(tone);
		if (kind === 'bars') {
			const background = partial.map((cut) => (cut ? colours.hatched(tone) : colour));
			return { ...common, type: 'bar', backgroundColor: background, maxBarThickness: 64, categoryPercentage: 0.92 };
		}
		return {
			...common,
			type: 'line',
			borderColor: colour,
			backgroundColor: colour,
			borderWidth: 2.5,
			pointRadius: values.length > 40 ? 0 : 2.5,
			pointHitRadius: 8,
			segment: {
				borderDash: ({ p0DataIndex: from, p1DataIndex: to }) => (partial[from] || partial[to] ? [4, 4] : undefined)
			}
		};
	});
}

function optionsOf(
	{ kind, series, labels, minutes, titles, partial, format, pick }: ChartContent,
	colours: Paints
): Options {
	const counts = series.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));
	const ticks = { color: colours.muted, font: colours.font };
	return {
		responsive: true,
		maintainAspectRatio: false,
		animation: isCalm() ? false : { duration: 250 },
		// Values move, and nothing slides along the axis of time.
		animations: { x: { duration: 0 }, width: { duration: 0 } },
		interaction: { mode: 'index', intersect: false },
		onClick: (event: ChartEvent, hits: ActiveElement[], chart) => {
			const bucket = hits[0]?.index;
			if (bucket === undefined) return;
			const native = event.native;
			const [exact] = native ? chart.getElementsAtEventForMode(native, 'nearest', { intersect: true }, true) : [];
			const open = series.flatMap(({ hrefs, values }, index) => (hrefs?.[bucket] && values[bucket] ? [index] : []));
			// A click beside a bar is meant for its bucket; which of several series is not clear then.
			const chosen = exact?.datasetIndex ?? (open.length === 1 ? open[0] : undefined);
			if (chosen !== undefined) pick(bucket, chosen);
		},
		scales: {
			x: {
				stacked: kind === 'bars',
				grid: { display: false },
				border: { color: colours.line },
				ticks: { ...ticks, maxRotation: 0, autoSkip: minutes === null, autoSkipPadding: 16 },
				afterBuildTicks: (axis) => {
					if (minutes === null) return;
					const named = roundOnes(minutes, axis.chart.width / (LETTER_PX * ((labels[0]?.length ?? 0) + 3)));
					if (named.size > 0) axis.ticks = axis.ticks.filter(({ value }) => named.has(value));
				}
			},
			y: {
				stacked: kind === 'bars',
				beginAtZero: true,
				grid: { color: colours.line },
				border: { display: false },
				// Higher values have longer names: the bars must not give way to each of them.
				afterFit: (axis) => {
					axis.width = Math.max(axis.width, AXIS_PX);
				},
				ticks: {
					...ticks,
					maxTicksLimit: 6,
					...(counts ? { precision: 0 } : {}),
					callback: (value) => format(Number(value))
				}
			}
		},
		plugins: {
			tooltip: {
				backgroundColor: colours.raised,
				borderColor: colours.line,
				borderWidth: 1,
				titleColor: colours.text,
				bodyColor: colours.text,
				titleFont: colours.font,
				bodyFont: colours.font,
				padding: 10,
				callbacks: {
					title: ([item]) => {
						const index = item?.dataIndex ?? 0;
						return `${titles[index] ?? ''}${partial[index] ? ' (partial)' : ''}`;
					},
					label: ({ dataset, parsed }) => `${dataset.label ?? ''}: ${parsed.y === null ? '–' : format(parsed.y)}`
				}
			}
		}
	};
}
