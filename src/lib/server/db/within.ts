/** A bound on how long anybody waits for the database: a half-open connection never says that it is one. */

/**
 * The outcome of `work`. What is given up goes on; its outcome is dropped.
 * @throws Error when it takes longer than `ms` milliseconds.
 */
export async function within<T>(ms: number, work: PromiseLike<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new Error(`no answer within ${ms} ms`));
		}, ms);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}
