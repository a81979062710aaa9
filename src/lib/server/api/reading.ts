/** The document as its page shows it: operations by group, and schemas as rows of fields. Made of the document alone. */
import type { DocumentedAnswer, DocumentedOperation, MediaType, OpenApi } from './document';
import { nameOf, type JsonSchema } from './schemas';

export interface Field {
	/** As a path: `rejected[].index`. */
	name: string;
	type: string;
	/** The named schemas that the type is made of. */
	links: string[];
	required: boolean;
	description: string;
	/** The known words, or examples. */
	words: string[];
	/** What the words are: all that there may be, those that are known, or examples. */
	wordsAre: 'closed' | 'open' | 'examples';
}

export interface ShownSchema {
	name: string;
	description: string;
	fields: Field[];
	/** Whether there may be further fields. */
	open: boolean;
}

export interface ShownAnswer {
	status: string;
	description: string;
	types: string[];
	/** The named schema of the body. */
	schema: string | null;
	headers: Field[];
	/** The error codes with their meanings. */
	codes: { code: string; meaning: string }[];
}

export interface ShownContent {
	/** The content type. */
	type: string;
	shape: string;
	links: string[];
	description: string;
}

export interface ShownOperation {
	id: string;
	method: string;
	path: string;
	summary: string;
	description: string[];
	parameters: (Field & { in: string })[];
	body: { description: string; content: ShownContent[] } | null;
	/** Who may call it, each enough by itself; none where everybody may. */
	callers: string[];
	answers: ShownAnswer[];
	samples: { label: string; source: string }[];
}

export interface ShownApi {
	title: string;
	description: string;
	groups: { name: string; description: string; operations: ShownOperation[] }[];
	/** The known event types by family. */
	families: { name: string; types: { type: string; schema: ShownSchema }[] }[];
	schemas: ShownSchema[];
}

/** Makes the page's view of a document. */
export function shownApi(document: OpenApi): ShownApi {
	const operations = Object.entries(document.paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => ({
			tag: operation.tags[0],
			operation: shownOperation(method, path, operation)
		}))
	);
	const families = new Map<string, { type: string; schema: ShownSchema }[]>();
	const schemas: ShownSchema[] = [];
	for (const [name, schema] of Object.entries(document.components.schemas)) {
		const shown = shownSchema(name, schema);
		const { 'x-event-type': type, 'x-family': family } = schema;
		if (typeof type !== 'string' || typeof family !== 'string') schemas.push(shown);
		else families.set(family, [...(families.get(family) ?? []), { type, schema: shown }]);
	}
	return {
		title: document.info.title,
		description: document.info.description,
		groups: document.tags.map(({ name, description }) => ({
			name,
			description,
			operations: operations.filter(({ tag }) => tag === name).map(({ operation }) => operation)
		})),
		families: [...families].map(([name, types]) => ({ name, types })),
		schemas
	};
}

function shownOperation(method: string, path: string, operation: DocumentedOperation): ShownOperation {
	const { operationId, summary, description, parameters = [], requestBody, responses, security } = operation;
	return {
		id: operationId,
		method: method.toUpperCase(),
		path,
		summary,
		description: description?.split('\n\n') ?? [],
		parameters: parameters.map((parameter) => ({
			...field(parameter.name, parameter.schema, parameter.required, parameter.description),
			in: parameter.in
		})),
		body: requestBody
			? { description: requestBody.description, content: Object.entries(requestBody.content).map(shownContent) }
			: null,
		callers: security.map(callerOf),
		answers: Object.entries(responses).map(shownAnswer),
		samples: (operation['x-codeSamples'] ?? []).map(({ label, source }) => ({ label, source }))
	};
}

/** Who may call an operation, in words. */
function callerOf(way: Record<string, string[]>): string {
	const [[name, scopes] = ['', []]] = Object.entries(way);
	switch (name) {
		case 'token':
			return `an API token for \`${scopes.join(', ')}\``;
		case 'login':
			return 'a login on the pages';
		case 'writeKey':
			return 'a write key as `X-Control-Room-Key`';
		case 'writeKeyInQuery':
			return 'a write key as `?key=`';
		case 'signature':
			return 'a server’s `X-Control-Room-Signature`';
		default:
			return 'nothing, where no key is required';
	}
}

function shownContent([type, { schema }]: [string, MediaType]): ShownContent {
	return { type, shape: typeOf(schema), links: linksOf(schema), description: schema.description ?? '' };
}

function shownAnswer([status, answer]: [string, DocumentedAnswer]): ShownAnswer {
	const content = Object.entries(answer.content ?? {});
	const body = content[0]?.[1].schema;
	const code = body && property(property(body, 'error'), 'code');
	return {
		status,
		description: answer.description,
		types: content.map(([type]) => type),
		schema: body?.$ref === undefined ? null : nameOf(body.$ref),
		headers: Object.entries(answer.headers ?? {}).map(([name, header]) =>
			field(name, header.schema, header.required, header.description)
		),
		codes: (code?.anyOf ?? []).map((one) => ({ code: String(one.const), meaning: one.description ?? '' }))
	};
}

function shownSchema(name: string, schema: JsonSchema): ShownSchema {
	const open = schema.additionalProperties !== false;
	return { name, description: schema.description ?? '', fields: fieldsOf(schema, ''), open };
}

/** The fields of an object, and of the objects in it that have no name of their own. */
function fieldsOf(schema: JsonSchema, prefix: string): Field[] {
	return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
		if (typeof child === 'boolean') return [];
		const required = schema.required?.includes(name) ?? false;
		const own = field(prefix + name, child, required, child.description);
		const items = child.items && typeof child.items === 'object' && !Array.isArray(child.items) ? child.items : null;
		const inner = items?.properties ? fieldsOf(items, `${prefix}${name}[].`) : fieldsOf(child, `${prefix}${name}.`);
		return [own, ...inner];
	});
}

function field(name: string, schema: JsonSchema, required: boolean, description = ''): Field {
	const parts = [schema, ...(schema.anyOf ?? [])];
	const closed = parts.flatMap(({ enum: words }) => words ?? []);
	const open = parts.some((part) => part['x-words'] === 'open');
	const examples = parts.flatMap((part) => part.examples ?? []);
	return {
		name,
		type: typeOf(schema),
		links: linksOf(schema),
		required,
		description,
		words: (closed.length > 0 ? closed : examples).map(String),
		wordsAre: closed.length > 0 ? 'closed' : open ? 'open' : 'examples'
	};
}

/** A type in words. Null stands for absent everywhere, so it is not said. */
function typeOf(schema: JsonSchema): string {
	if (schema.$ref !== undefined) return nameOf(schema.$ref);
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	if (schema.anyOf && !schema.properties) {
		if (schema.anyOf.some((part) => Object.keys(part).length === 0)) return 'any JSON';
		return either(schema.anyOf.map(typeOf));
	}
	if (schema.type === 'array') {
		const items = schema.items && typeof schema.items === 'object' && !Array.isArray(schema.items) ? schema.items : {};
		return `list of ${typeOf(items)}`;
	}
	if (schema.type === undefined) return 'any JSON';
	return either([schema.type].flat());
}

function either(types: string[]): string {
	const left = [...new Set(types)].filter((type) => type !== 'null' && type !== '');
	return left.join(' or ');
}

/** The named schemas in a type; none where it may be any JSON all the same. */
function linksOf(schema: JsonSchema): string[] {
	if (schema.$ref !== undefined) return [nameOf(schema.$ref)];
	const items = schema.items && typeof schema.items === 'object' && !Array.isArray(schema.items) ? [schema.items] : [];
	const parts = schema.properties ? [] : [...(schema.anyOf ?? []), ...items];
	if (parts.some((part) => Object.keys(part).length === 0)) return [];
	return [...new Set(parts.flatMap(linksOf))];
}

function property(schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
	const found = schema?.properties?.[name];
	return typeof found === 'object' ? found : undefined;
}
