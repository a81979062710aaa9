/**
 * How far the database's clock is from this process's. Notices carry the database's time, screens compare with the
 * process's: without the correction, a database on another machine would make every latency on the wall wrong.
 */

/** One question for the database's time, asked and answered by the process's clock. In milliseconds since 1970. */
export interface ClockSample {
	asked: number;
	answered: number;
	database: number;
}

/** About a minute of heartbeats: quick enough to follow a clock that is being set. */
const SAMPLES_KEPT = 30;

/** Collects samples and tells the difference of the clocks. */
export class DatabaseClock {
	#samples: ClockSample[] = [];

	learn(sample: ClockSample): void {
		this.#samples = [...this.#samples.slice(1 - SAMPLES_KEPT), sample];
	}

	/**
	 * Milliseconds to add to a time of the database to get the process's. The quickest answer is the least distorted; a
	 * difference within what even that one could be wrong by is taken as none, so that one machine has one clock.
	 */
	offset(): number {
		const [best] = [...this.#samples].sort((a, b) => a.answered - a.asked - (b.answered - b.asked));
		if (!best) return 0;
		const difference = (best.asked + best.answered) / 2 - best.database;
		return Math.abs(difference) <= (best.answered - best.asked) / 2 + 1 ? 0 : Math.round(difference);
	}
}
