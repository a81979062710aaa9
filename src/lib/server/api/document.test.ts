/** The document by itself: a valid OpenAPI 3.1, whatever operations it is made of. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EVENT_DATA } from '../../events/families';
import { json } from './answers';
import { openApi, type OpenApi } from './document';
import type { Operation } from './operation';
import { pageOf, paging, RANGE } from './parameters';
import { shownApi } from './reading';

const document = openApi('https://monitor.example');

function operationsOf({ paths }: OpenApi) {
	return Object.entries(paths).flatMap(([path, item]) => Object.values(item).map((operation) => ({ path, operation })));
}

/** All objects and lists in a value, itself among them. */
function* inside(value: unknown): Generator<object> {
	if (typeof value !== 'object' || value === null) return;
	yield value;
	for (const child of Object.values(value)) yield* inside(child);
}

describe('the document', () => {
	it('refers only to schemas that it has, and has none that nothing refers to', () => {
		const found = [...inside(document)].flatMap((one) => ('$ref' in one ? [String(one.$ref)] : []));
		const names = Object.keys(document.components.schemas);
		expect(new Set(found)).toEqual(new Set(names.map((name) => `#/components/schemas/${name}`)));
		expect(names.every((name) => /^[\w.-]+$/.test(name))).toBe(true);
	});

	it('names each operation once, in a group that it has', () => {
		const all = operationsOf(document).map(({ operation }) => operation);
		const ids = all.map(({ operationId }) => operationId);
		expect(ids).toEqual([...new Set(ids)]);
		expect(new Set(all.flatMap(({ tags }) => tags))).toEqual(new Set(document.tags.map(({ name }) => name)));
	});

	it('declares just the parameters that a path has, and of each answer what it means', () => {
		for (const { path, operation } of operationsOf(document)) {
			const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
			const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
			expect(declared.map(({ name }) => name)).toEqual(named);
			expect(declared.every(({ required }) => required)).toBe(true);
			expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
			for (const [status, answer] of Object.entries(operation.responses)) {
				expect(status).toMatch(/^[2-5]\d\d$/);
				expect(answer.description).not.toBe('');
			}
		}
	});

	it('has only what JSON can say', () => {
		expect(JSON.parse(JSON.stringify(document))).toEqual(document);
	});

	it('tells of each known event type which fields its data has, and which words', () => {
		const shown = shownApi(document).families.flatMap(({ types }) => types);
		expect(shown.map(({ type }) => type)).toEqual(Object.keys(EVENT_DATA));
		for (const { type, schema } of shown) {
			const known = EVENT_DATA[type as keyof typeof EVENT_DATA].shape;
			expect(schema.fields.map(({ name }) => name)).toEqual(Object.keys(known));
			expect(schema.description).not.toBe('');
		}
		const step = shown.find(({ type }) => type === 'step_update')?.schema.fields.find(({ name }) => name === 'step');
		expect(step).toMatchObject({
			type: 'string',
			wordsAre: 'open',
			words: expect.arrayContaining(['mask']) as unknown
		});
	});

	it('takes a further operation, with a query, pages and a path of its own, by its declaration', () => {
		const listOf: Operation = {
			id: 'listThings',
			method: 'get',
			path: '/api/v1/shops/{shop}/things',
			summary: 'Things',
			parameters: { path: z.object({ shop: z.string() }), query: z.object({ ...RANGE, ...paging(200, 50) }) },
			answers: { 200: json('A page of things.', pageOf(z.strictObject({ id: z.string() }))) },
			sample: '/api/v1/shops/a.example/things?from=now-24h&limit=10'
		};
		const made = openApi('http://room', [{ name: 'Things', description: 'All things.', operations: [listOf] }]);
		const operation = made.paths['/api/v1/shops/{shop}/things']?.get;
		expect(operation?.parameters?.map(({ name, in: place, required }) => [name, place, required])).toEqual([
			['shop', 'path', true],
			['from', 'query', false],
			['to', 'query', false],
			['limit', 'query', false],
			['cursor', 'query', false]
		]);
		expect(operation?.parameters?.[3]?.schema).toEqual({ type: 'integer', minimum: 1, maximum: 200, default: 50 });
		expect(operation?.responses['200']?.content?.['application/json']?.schema).toMatchObject({
			required: ['rows', 'nextCursor'],
			additionalProperties: false
		});
		expect(operation?.['x-codeSamples']?.[0]?.source).toBe(
			"curl -sS 'http://room/api/v1/shops/a.example/things?from=now-24h&limit=10'"
		);
	});
});
