/**
 * Bars from zero as one path of strokes, each as wide as the path's stroke: an element for each would be thousands in a
 * table of rows that have such bars.
 */

interface Bars {
	/** From the middle of a bar to that of the next; the first stands at half of it. */
	step: number;
	/** Where bars stand, from the top. */
	base: number;
	/** Of a value's bar. */
	height: (value: number) => number;
}

/** The path; values that are not above zero have no bar. */
export function barsPath(values: readonly number[], { step, base, height }: Bars): string {
	let path = '';
	for (let place = 0; place < values.length; place++) {
		const value = values[place] ?? 0;
		if (value > 0) path += `M${round((place + 0.5) * step)} ${base}v-${round(height(value))}`;
	}
	return path;
}

const round = (length: number) => Math.round(length * 100) / 100;
