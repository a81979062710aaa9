/** How long reads rest: each number is the share of the machine that pushing may take. */

/**
 * What is handed to sockets at most, in bytes a second over all screens. Chosen from runs with 200 walls on two cores
 * that the database, the receivers and other programs shared: 65 MB/s (500 events/s) went through, and at 150 MB/s
 * (2,000 events/s, without this bound) commits waited a second. Not yet measured on a quiet machine.
 */
const FAN_OUT_BYTES_PER_S = 100e6;
const LONGEST_MS = 1_000;
const LONGEST_FIGURES_MS = 700;
/** Under steady load changes share a push: more than a hundred a second no screen can show. */
const FRAME_MS = 8;

/**
 * Changed rows go out at once. Reading and sending them takes at most half of one core, by a rest as long as it took, and no more than a hundred times a second;
 * but a wall is never more than a second behind for it.
 */
export function restAfterRows(costMs: number, bytes: number): number {
	return Math.min(LONGEST_MS, Math.max(FRAME_MS, costMs, (bytes / FAN_OUT_BYTES_PER_S) * 1_000));
}

/**
 * Figures are counted over a whole day: twice a second at most, and for at most a twentieth of the time. But never a second
 * late, the counting included: on a loaded machine that took 90 ms, and a twentieth of that kept a wall wrong for 2 s after
 * a failure.
 */
export function restAfterFigures(costMs: number): number {
	return Math.min(LONGEST_FIGURES_MS, Math.max(500, 20 * costMs));
}
