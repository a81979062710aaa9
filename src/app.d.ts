import type { Logger } from 'pino';
import type { Embedded } from '$lib/server/db/embedded';
import type { Visitor } from '$lib/server/access/visitor';
import type { Viewer } from '$lib/ui/people';
import type { Pipeline } from '$lib/server/pipeline';

declare global {
	namespace App {
		/** What the process made once and hands to SvelteKit's own bundle (see src/lib/server/pipeline.ts). */
		interface Platform {
			pipeline: Pipeline;
			/** Whether /demo is there. */
			demo: boolean;
			log: Logger;
		}
		interface Locals {
			/** The stages of an event's way: what pages read from. */
			pipeline: Pipeline;
			/** Who asks. That they may is decided before a route runs. */
			visitor: Visitor;
			/**
			 * Whether what is read keeps to the shops that the visitor sees: said by whatever reads an address (pageQuery for
			 * pages, answer for the API). To whoever sees some shops alone no route is answered that has not said so.
			 */
			scoped: boolean;
			log: Logger;
		}
		/** Of the outermost layout; an error page has it as well. */
		interface PageData {
			visitor?: Viewer;
			/** The paths of the pages that the visitor may see. */
			offered?: readonly string[];
		}
		/** What the dev server's plugin (src/lib/server/http/dev.ts) keeps over a restart of Vite, and shows to the adapter. */
		interface DevServer {
			/** The Vite server that uses it now. */
			owner: object | null;
			platform: () => Promise<Platform>;
			stopPipeline: () => Promise<void>;
			embedded: Promise<Embedded> | null;
			/** Stops all of it, once. */
			end: () => Promise<void>;
		}
		interface Error {
			message: string;
			/** An id that the user can quote and the log knows. */
			errorId?: string;
			/** The parameter of the address that could not be read. */
			field?: string;
		}
	}

	var controlRoomDev: App.DevServer | undefined;
	/** What the SDK's script tag leaves in a page that has one. */
	var ControlRoom: typeof import('./sdk/script') | undefined;
}

export {};
