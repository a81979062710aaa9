/**
 * Arrays between JavaScript and PostgreSQL. The library can do this as well, but asks the server for the types on each
 * new connection; when that question fails (the backend was killed at the wrong moment) its rejection reaches nobody
 * and ends the process. The built-in types have fixed numbers, so that there is nothing to ask. Here a null element is
 * null; the library reads it as the word "NULL".
 */

/** Element type to array type, by their numbers in pg_type. */
export const ARRAY_TYPES: Record<number, number> = {
	16: 1000, // boolean
	17: 1001, // bytea
	19: 1003, // name
	20: 1016, // int8
	21: 1005, // int2
	23: 1007, // int4
	25: 1009, // text
	26: 1028, // oid
	114: 199, // json
	700: 1021, // float4
	701: 1022, // float8
	1042: 1014, // char
	1043: 1015, // varchar
	1082: 1182, // date
	1114: 1115, // timestamp
	1184: 1185, // timestamptz
	1700: 1231, // numeric
	2950: 2951, // uuid
	3802: 3807 // jsonb
};

/** The literal of an array, of any depth; `element` writes one that is not null. */
export function arrayLiteral(values: readonly unknown[], element: (value: unknown) => string): string {
	const parts = values.map((value) => {
		if (value === null || value === undefined) return 'NULL';
		if (Array.isArray(value)) return arrayLiteral(value, element);
		return `"${element(value).replace(/["\\]/g, '\\$&')}"`;
	});
	return `{${parts.join(',')}}`;
}

/** Reads a literal that PostgreSQL wrote; `element` reads one that is not null. */
export function parseArray(literal: string, element: (text: string) => unknown): unknown[] {
	// Bounds other than 1 come first: [0:2]={…}
	let at = literal.indexOf('{');

	function readList(): unknown[] {
		const list: unknown[] = [];
		at++;
		while (literal[at] !== '}' && at < literal.length) {
			if (literal[at] === ',') at++;
			else if (literal[at] === '{') list.push(readList());
			else list.push(literal[at] === '"' ? element(readQuoted()) : readBare());
		}
		at++;
		return list;
	}

	function readQuoted(): string {
		let text = '';
		at++;
		for (;;) {
			// In long runs: most texts have nothing escaped.
			const stop = nextOf(literal, at, '"', '\\');
			text += literal.slice(at, stop);
			at = stop + 1;
			if (literal[stop] !== '\\') return text;
			text += literal[at++] ?? '';
		}
	}

	function readBare(): unknown {
		const stop = nextOf(literal, at, ',', '}');
		const text = literal.slice(at, stop);
		at = stop;
		return text === 'NULL' ? null : element(text);
	}

	return readList();
}

function nextOf(text: string, from: number, one: string, other: string): number {
	let at = from;
	while (at < text.length && text[at] !== one && text[at] !== other) at++;
	return at;
}
