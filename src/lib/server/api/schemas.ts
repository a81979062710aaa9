/**
 * Schemas that have a name in the document, and the conversion of all of them at once: a named one is referred to
 * wherever it is used, any other is written where it stands.
 */
import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

const NAMED = new Map<string, z.ZodType>();
const PREFIX = '#/components/schemas/';

/** Gives a schema its name in the document. */
export function named<Schema extends z.ZodType>(name: string, schema: Schema): Schema {
	NAMED.set(name, schema);
	return schema;
}

/** The name that a reference means. */
export function nameOf(reference: string): string {
	return reference.slice(PREFIX.length);
}

export interface Converted {
	/** The named schemas. */
	components: Record<string, JsonSchema>;
	/** The document's text for a schema: a reference if it has a name. */
	of(schema: z.ZodType): JsonSchema;
}

/** Converts the named schemas and these, as the side that writes the JSON sees them. */
export function convert(schemas: Iterable<z.ZodType>): Converted {
	const all = z.registry<{ id: string }>();
	for (const [id, schema] of NAMED) all.add(schema, { id });
	let count = 0;
	for (const schema of schemas) if (!all.has(schema)) all.add(schema, { id: `~${count++}` });
	const made = z.toJSONSchema(all, {
		io: 'input',
		uri: (id) => PREFIX + id,
		override: ({ jsonSchema }) => {
			// Absent is null: nobody needs to be told.
			if (jsonSchema.default === null) delete jsonSchema.default;
			// What every integer in JSON is.
			if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
			if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
		}
	});
	const plain = (id: string): JsonSchema => {
		const { $schema, $id, ...schema } = made.schemas[id] ?? {};
		if ($schema === undefined || $id === undefined) throw new Error(`the schema ${id} was not converted`);
		return schema;
	};
	return {
		components: Object.fromEntries([...NAMED.keys()].map((id) => [id, plain(id)])),
		of(schema) {
			const id = all.get(schema)?.id ?? '';
			return NAMED.has(id) ? { $ref: PREFIX + id } : plain(id);
		}
	};
}
