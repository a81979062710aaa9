import type { Pipeline } from '$lib/server/pipeline';

declare global {
	namespace App {
		/** What the process made once and hands to SvelteKit's own bundle (see src/lib/server/pipeline.ts). */
		interface Platform {
			pipeline: Pipeline;
		}
		interface Error {
			message: string;
			/** An id that the user can quote and the log knows. */
			errorId?: string;
		}
	}
}

export {};
