/** How a list that is read anew joins the rows that are shown: they keep their places, and new ones wait. */

export interface Held<T> {
	/** What makes it the same list. */
	key: string;
	shown: T[];
	/** New rows that are not shown. */
	waiting: number;
	/** All that was read is new: what lies between it and the rows that are shown is not known. */
	more: boolean;
	/** The ids of the list as it was last read. */
	current: ReadonlySet<string>;
}

/** What is shown after the list was read anew; `before` is null for the first time. */
export function hold<T>(before: Held<T> | null, key: string, latest: readonly T[], id: (row: T) => string): Held<T> {
	const byId = new Map(latest.map((row) => [id(row), row]));
	const current = new Set(byId.keys());
	// A list that was empty has nothing that could be moved.
	if (before?.key !== key || before.shown.length === 0) {
		return { key, shown: [...latest], waiting: 0, more: false, current };
	}
	const shown = before.shown.map((row) => byId.get(id(row)) ?? row);
	const places = new Set(shown.map(id));
	const waiting = latest.filter((row) => !places.has(id(row))).length;
	return { key, shown, waiting, more: waiting > 0 && waiting === latest.length, current };
}
