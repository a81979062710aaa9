/** When visits come: hardly any at night, most in the evening, more at weekends, and a few more each week. */

const QUARTER = 15 * 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Visitors by the hour of the shop's clock, in no particular unit. */
const BY_HOUR = [4, 2, 1, 1, 1, 2, 5, 10, 16, 22, 27, 31, 34, 32, 30, 31, 33, 38, 46, 56, 62, 55, 33, 14];
/** From Sunday on. */
const BY_DAY = [1.35, 0.95, 0.9, 0.9, 0.95, 1, 1.25];
const GROWTH = 0.35;

/** The times of a run, for shops whose clocks are so many hours ahead of UTC. */
export interface Timeline {
	/** How much is going on there during the run, in no particular unit: little, if the run is short and it is night. */
	activity(zone: number): number;
	/** From the share of a shop's visits that came before (0 to 1) to milliseconds since the run's begin. */
	at(share: number, zone: number): number;
}

/** The timeline of a run that begins then (milliseconds since 1970) and lasts so long. */
export function timelineOf(begins: number, spanMs: number): Timeline {
	const bins = Math.max(1, Math.ceil(spanMs / QUARTER));
	const width = spanMs / bins;
	const byZone = new Map<number, Float64Array>();

	/** How many have come by the end of each bin. */
	function cumulated(zone: number): Float64Array {
		const known = byZone.get(zone);
		if (known) return known;
		const sums = new Float64Array(bins);
		let sum = 0;
		for (let bin = 0; bin < bins; bin++) {
			const local = begins + (bin + 0.5) * width + zone * HOUR;
			const hour = BY_HOUR[Math.floor(local / HOUR) % 24] ?? 1;
			// 1 January 1970 was a Thursday.
			const day = BY_DAY[(Math.floor(local / DAY) + 4) % 7] ?? 1;
			sum += hour * day * (1 + (GROWTH * bin) / bins);
			sums[bin] = sum;
		}
		byZone.set(zone, sums);
		return sums;
	}

	return {
		activity: (zone) => (cumulated(zone)[bins - 1] ?? 0) / bins,
		at(share, zone) {
			const sums = cumulated(zone);
			const wanted = share * (sums[bins - 1] ?? 0);
			let low = 0;
			let high = bins - 1;
			while (low < high) {
				const middle = (low + high) >> 1;
				if ((sums[middle] ?? 0) > wanted) high = middle;
				else low = middle + 1;
			}
			const before = low === 0 ? 0 : (sums[low - 1] ?? 0);
			return Math.floor((low + (wanted - before) / ((sums[low] ?? 1) - before)) * width);
		}
	};
}
