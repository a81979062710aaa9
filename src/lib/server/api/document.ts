/**
 * The OpenAPI 3.1 document of the registry's operations. Plain data, made anew for each origin that asks, because the
 * lines for a terminal name it.
 */
import type { z } from 'zod';
import { samples, type Sample } from './curl';
import { refusalsOf, SCHEMES, securityOf, type Security } from './guard';
import type { Answer, Body, Group, Method, Operation } from './operation';
import { GROUPS } from './registry';
import { convert, type Converted, type JsonSchema } from './schemas';

export interface MediaType {
	schema: JsonSchema;
	examples?: Record<string, { summary: string; value: unknown }>;
}

export interface Parameter {
	name: string;
	in: (typeof PLACES)[number];
	required: boolean;
	description?: string;
	schema: JsonSchema;
}

export interface DocumentedHeader {
	description?: string;
	required: true;
	schema: JsonSchema;
}

export interface DocumentedAnswer {
	description: string;
	headers?: Record<string, DocumentedHeader>;
	content?: Record<string, MediaType>;
}

export interface DocumentedOperation {
	operationId: string;
	tags: [string];
	summary: string;
	description?: string;
	parameters?: Parameter[];
	requestBody?: { description: string; required: true; content: Record<string, MediaType> };
	responses: Record<string, DocumentedAnswer>;
	/** One of these is enough; none is needed where there is none, or an empty one among them. */
	security: Security;
	'x-codeSamples'?: (Sample & { lang: 'Shell' })[];
}

export interface OpenApi {
	openapi: '3.1.1';
	info: { title: string; version: string; description: string };
	servers: { url: string }[];
	tags: { name: string; description: string }[];
	paths: Record<string, Partial<Record<Method, DocumentedOperation>>>;
	components: { schemas: Record<string, JsonSchema>; securitySchemes: typeof SCHEMES };
}

const PLACES = ['path', 'query', 'header'] as const;
const DESCRIPTION =
	'Everything that talks to the Control Room over HTTP. GET is also HEAD. Every error has the shape `{"error": {"code", "message"}}`. Whoever sees some shops alone is told of one of them at a time: the one that `shop` names, which may be left out where there is but one; without it the answer is 400. `/api/v1/errors/{group}` takes `shop` from them too. Shops, search and single sessions are of all that they see. What is of other shops is answered like what does not exist.';

/** Makes the document. `origin` is what its examples call, such as `https://monitor.example.com`. */
export function openApi(origin: string, groups: readonly Group[] = GROUPS): OpenApi {
	const guarded = groups.map((group) => ({ ...group, operations: group.operations.map(withRefusals) }));
	const converted = convert(guarded.flatMap((group) => group.operations).flatMap(schemasOf));
	const paths: OpenApi['paths'] = {};
	for (const { name, operations } of guarded) {
		for (const operation of operations) {
			const item = (paths[operation.path] ??= {});
			item[operation.method] = documented(operation, name, origin, converted);
		}
	}
	return {
		openapi: '3.1.1',
		info: { title: 'Control Room', version: '1', description: DESCRIPTION },
		servers: [{ url: '/' }],
		tags: groups.map(({ name, description }) => ({ name, description })),
		paths,
		components: { schemas: converted.components, securitySchemes: SCHEMES }
	};
}

/** An operation with the answers that it may have before it is reached. */
function withRefusals(operation: Operation): Operation {
	return { ...operation, answers: { ...refusalsOf(operation), ...operation.answers } };
}

function documented(operation: Operation, tag: string, origin: string, converted: Converted): DocumentedOperation {
	const { id, summary, description, parameters = {}, body, answers } = operation;
	const lines = samples(operation, origin);
	const listed = PLACES.flatMap((place) => {
		const object = parameters[place];
		return object ? parametersOf(place, converted.of(object)) : [];
	});
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(description !== undefined && { description }),
		...(listed.length > 0 && { parameters: listed }),
		...(body && { requestBody: { description: body.description, required: true, content: bodyOf(body, converted) } }),
		responses: Object.fromEntries(
			Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, converted)])
		),
		security: securityOf(operation),
		...(lines.length > 0 && { 'x-codeSamples': lines.map((line) => ({ lang: 'Shell' as const, ...line })) })
	};
}

function parametersOf(place: Parameter['in'], object: JsonSchema): Parameter[] {
	return Object.entries(object.properties ?? {}).map(([name, property]) => {
		const { description, ...schema } = typeof property === 'boolean' ? {} : property;
		const required = place === 'path' || (object.required ?? []).includes(name);
		return { name, in: place, required, ...(description !== undefined && { description }), schema };
	});
}

function bodyOf({ content, examples }: Body, converted: Converted): Record<string, MediaType> {
	return Object.fromEntries(
		Object.entries(content).map(([type, schema]) => {
			const own = examples.filter((example) => example.type === type);
			const listed = own.map(({ name, summary, value }): [string, { summary: string; value: unknown }] => [
				name,
				{ summary, value: type === 'text/plain' ? JSON.stringify(value) : value }
			]);
			return [type, { schema: converted.of(schema), examples: Object.fromEntries(listed) }];
		})
	);
}

function answerOf({ description, headers = {}, content }: Answer, converted: Converted): DocumentedAnswer {
	const listed = Object.entries(headers).map(([name, header]): [string, DocumentedHeader] => {
		const { description, ...schema } = converted.of(header);
		return [name, { ...(description !== undefined && { description }), required: true, schema }];
	});
	return {
		description,
		...(listed.length > 0 && { headers: Object.fromEntries(listed) }),
		...(content && {
			content: Object.fromEntries(
				Object.entries(content).map(([type, schema]) => [type, { schema: converted.of(schema) }])
			)
		})
	};
}

function schemasOf({ parameters = {}, body, answers }: Operation): z.ZodType[] {
	const contents = [body?.content, ...Object.values(answers).flatMap(({ headers, content }) => [headers, content])];
	return [...Object.values(parameters), ...contents.flatMap((content) => Object.values(content ?? {}))];
}
