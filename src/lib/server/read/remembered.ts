/**
 * A value that may be some time old, read once however many ask. A failed read is not remembered: the next one who
 * asks tries again.
 */

/** Makes `read` answer from memory for `maxAgeMs` after it was begun. */
export function remembered<T>(read: () => Promise<T>, maxAgeMs: number): () => Promise<T> {
	let value: Promise<T> | null = null;
	let readAt = 0;
	return () => {
		if (value && performance.now() - readAt < maxAgeMs) return value;
		readAt = performance.now();
		const reading = read();
		value = reading;
		reading.catch(() => {
			if (value === reading) value = null;
		});
		return reading;
	};
}
