import type { Logger } from 'pino';
import type { Pipeline } from '$lib/server/pipeline';

declare global {
	namespace App {
		/** What the process made once and hands to SvelteKit's own bundle (see src/lib/server/pipeline.ts). */
		interface Platform {
			pipeline: Pipeline;
			/** Origins beside the server's own whose pages may send forms. */
			publicOrigins: readonly string[];
			log: Logger;
		}
		interface Locals {
			/** The stages of an event's way: what pages read from. */
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
