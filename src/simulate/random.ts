/**
 * Chance that can be repeated: the same seed gives the same numbers, and each visit has a stream of its own, so that none
 * depends on how many numbers another one took. The distributions are those of waiting people: skewed, never below zero.
 */

export interface Random {
	/** At least 0, below 1. */
	next(): number;
	/** A whole number, both ends included. */
	whole(from: number, to: number): number;
	chance(probability: number): boolean;
	pick<Value>(values: readonly Value[]): Value;
	/** The index of one of the weights. */
	weighted(weights: readonly number[]): number;
	/** Log-normal: half of the values are below the median; a larger spread makes the tail longer. */
	skewed(median: number, spread?: number): number;
	/** The gap to the next of things that happen by themselves, on average so far apart. */
	gap(mean: number): number;
	/** Lower-case letters and digits. */
	code(length: number): string;
}

/** A stream of numbers that follows from these words alone. */
export function randomOf(...words: (string | number)[]): Random {
	let [a, b, c, counter] = scramble(words.join('\u0000'));

	/** sfc32: small, fast, and good enough to pass the usual batteries of tests. */
	function bits(): number {
		const sum = (a + b + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + sum;
		return sum >>> 0;
	}
	for (let round = 0; round < 12; round++) bits();

	const next = (): number => bits() / 4_294_967_296;
	const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
	return {
		next,
		whole,
		chance: (probability) => next() < probability,
		pick<Value>(values: readonly Value[]): Value {
			const value = values[Math.floor(next() * values.length)];
			if (value === undefined) throw new Error('nothing to pick from');
			return value;
		},
		weighted(weights) {
			let left = next() * weights.reduce((sum, weight) => sum + weight, 0);
			for (const [index, weight] of weights.entries()) if ((left -= weight) < 0) return index;
			return weights.length - 1;
		},
		skewed(median, spread = 0.5) {
			// 1 - next() is never 0.
			const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
			return median * Math.exp(spread * normal);
		},
		gap: (mean) => -Math.log(1 - next()) * mean,
		code(length) {
			let text = '';
			while (text.length < length) text += bits().toString(36);
			return text.slice(0, length);
		}
	};
}

/** A short name that follows from these words alone. */
export function nameOf(...words: (string | number)[]): string {
	return randomOf(...words).code(7);
}

/** Four numbers of a text: cyrb128, whose every output depends on every character. */
function scramble(text: string): [number, number, number, number] {
	let [h1, h2, h3, h4] = [1_779_033_703, 3_144_134_277, 1_013_904_242, 2_773_480_762];
	for (let at = 0; at < text.length; at++) {
		const char = text.charCodeAt(at);
		h1 = h2 ^ Math.imul(h1 ^ char, 597_399_067);
		h2 = h3 ^ Math.imul(h2 ^ char, 2_869_860_233);
		h3 = h4 ^ Math.imul(h3 ^ char, 951_274_213);
		h4 = h1 ^ Math.imul(h4 ^ char, 2_716_044_179);
	}
	h1 = Math.imul(h3 ^ (h1 >>> 18), 597_399_067);
	h2 = Math.imul(h4 ^ (h2 >>> 22), 2_869_860_233);
	h3 = Math.imul(h1 ^ (h3 >>> 17), 951_274_213);
	h4 = Math.imul(h2 ^ (h4 >>> 19), 2_716_044_179);
	return [h1 ^ h2 ^ h3 ^ h4, h2 ^ h1, h3 ^ h1, h4 ^ h1];
}
