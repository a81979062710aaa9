/**
 * Unhandled errors and rejected promises of a page as errors of a session, for shops that ask for it. Each once: the same
 * error in a loop would drown the rest. The page's own handling is not touched.
 */
import type { Session } from './session';

export interface CaptureOptions {
	/** Most errors that are reported. Default 20. */
	max?: number;
	/** Says which are the session's: those of other scripts of the shop are not. Default: all. */
	filter?: (error: unknown) => boolean;
}

/** Reports what nobody catches from now on; returns what ends it. Does nothing outside of pages. */
export function captureErrors(session: Pick<Session, 'error'>, options: CaptureOptions = {}): () => void {
	const listening = new AbortController();
	const seen = new Set<string>();

	function report(error: unknown, errorCode: string): void {
		try {
			const stack = error instanceof Error ? error.stack : undefined;
			const errorMessage = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
			// The same place with another text, such as a counter in it, is another error: the limit is for those.
			const key = `${errorMessage}\n${stack}`;
			if (seen.has(key) || seen.size >= (options.max ?? 20) || options.filter?.(error) === false) return;
			seen.add(key);
			session.error({ errorCode, errorMessage, stack, severity: 'error', isUserFacing: false });
		} catch {
			// A handler of errors that fails would be called for its own failure.
		}
	}

	if (typeof document !== 'undefined') {
		const { signal } = listening;
		addEventListener('error', (event) => report(event.error ?? event.message, 'UNHANDLED_ERROR'), { signal });
		addEventListener('unhandledrejection', (event) => report(event.reason, 'UNHANDLED_REJECTION'), { signal });
	}
	return () => listening.abort();
}
