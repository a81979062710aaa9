/** Bars from zero as one path: an element for each would be thousands in a table of rows that have such bars. */

interface Bars {
	/** From the beginning of a bar to that of the next. */
	step: number;
	width: number;
	/** Where bars stand, from the top. */
	base: number;
	/** Of a value's bar. */
	height: (value: number) => number;
}

/** The path; values that are not above zero have no bar. */
export function barsPath(values: readonly number[], { step, width, base, height }: Bars): string {
	const inset = (step - width) / 2;
	let path = '';
	for (const [place, value] of values.entries()) {
		if (value <= 0) continue;
		const tall = round(height(value));
		path += `M${round(place * step + inset)} ${base}v-${tall}h${width}v${tall}z`;
	}
	return path;
}

const round = (length: number) => Math.round(length * 100) / 100;
