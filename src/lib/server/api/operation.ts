/**
 * What an operation of the HTTP API is, as its file under operations/ declares it: zod schemas and sentences, from which
 * the document and its page are made. Nothing here answers requests. To add one: declare it in a file of its own, and
 * name it in the list of registry.ts.
 */
import type { z } from 'zod';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options';

/** A body that the server accepts, and what it shows. */
export interface Example {
	/** Unique among the operation's examples: the key in the document. */
	name: string;
	summary: string;
	/** One of the body's content types. */
	type: string;
	/** The JSON that is sent. */
	value: unknown;
	/** Whether the example sends it compressed. */
	gzip?: boolean;
}

export interface Body {
	description: string;
	/** The schema by content type. */
	content: Record<string, z.ZodType>;
	examples: readonly Example[];
}

export interface Answer {
	description: string;
	/** The headers that such an answer always has, by name. */
	headers?: Record<string, z.ZodType>;
	/** The schema by content type. Without it the answer has no body. */
	content?: Record<string, z.ZodType>;
}

export interface Operation {
	/** The operationId: unique, and the anchor on the page. */
	id: string;
	method: Method;
	/** With its parameters in braces: `/sdk/v1/{version}/control-room.js`. */
	path: string;
	summary: string;
	/** Sentences; words in backticks are code. Paragraphs are parted by an empty line. */
	description?: string;
	/** Parameters by where they stand. Those of the path are always required. */
	parameters?: Partial<Record<'path' | 'query' | 'header', z.ZodObject>>;
	body?: Body;
	/** What the server answers, by status: all of it, and nothing that it doesn't. */
	answers: Record<number, Answer>;
	/** How a client of the event endpoint says who it is. Who may call everything else stands in the policy. */
	isKeyed?: boolean;
	/** The path and query of the `curl` line of an operation without a body, if not its path; null where no fixed line works. */
	sample?: string | null;
}

export interface Group {
	name: string;
	description: string;
	operations: readonly Operation[];
}
