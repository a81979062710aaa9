/** How long reads rest. Each number is the share of the machine that pushing may take of it. */

/**
 * Rows go out at once, and three times what that cost is the shortest way to the next time: with the fan-out to its
 * screens a topic takes at most a quarter of one core, and a wall is never more than a second behind for it.
 */
export function restAfterRows(costMs: number): number {
	return Math.min(1_000, 3 * costMs);
}

/** Figures are counted over a whole day: twice a second at most, and for at most a twentieth of the time. */
export function restAfterFigures(costMs: number): number {
	return Math.max(500, 20 * costMs);
}
