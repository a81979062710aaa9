/**
 * Writes the merge of a projection: insert, or on conflict merge with what is stored. A projection says how each of its
 * columns is merged and which follow from the merged ones; the SQL that must be alike in both branches is written here
 * once, so that a column can't be merged one way and derived another.
 */

/**
 * How a stored and an incoming value become one; none depends on order. `latest` is the greatest of registers. `total` is
 * a sum of decimals without zeros at its end, which would tell of amounts that were replaced.
 */
export type MergeKind = 'least' | 'greatest' | 'latest' | 'sum' | 'total' | 'or';

export interface Merge {
	table: string;
	/** The key's columns. */
	key: readonly string[];
	/** A select that gives the key and every merged column, one row a key. */
	incoming: string;
	merged: Readonly<Record<string, MergeKind>>;
	/** Column → SQL over merged columns, which `column` names as they will be after the merge. */
	derived: Readonly<Record<string, (column: (name: string) => string) => string>>;
	/** Column → SQL for what the statement itself needs to know of the merge: [of a new row, of a merged row]. In the
	 * first, columns are `incoming.x`; in the second `stored.x` is the row before and `excluded.x` what came. */
	scratch: Readonly<Record<string, readonly [string, string]>>;
	returning: string;
}

export function mergeStatement({ table, key, incoming, merged, derived, scratch, returning }: Merge): string {
	const names = [...key, ...Object.keys(merged), ...Object.keys(derived), ...Object.keys(scratch)];
	const inserted = [
		...[...key, ...Object.keys(merged)].map((name) => `incoming.${name}`),
		...Object.values(derived).map((expression) => expression((name) => `(incoming.${name})`)),
		...Object.values(scratch).map(([fresh]) => fresh)
	];
	const afterMerge = (name: string) => mergedValue(name, merged[name]);
	const updates = [
		...Object.keys(merged).map((name) => `${name} = ${afterMerge(name)}`),
		...Object.entries(derived).map(
			([name, expression]) => `${name} = ${expression((column) => `(${afterMerge(column)})`)}`
		),
		...Object.entries(scratch).map(([name, [, update]]) => `${name} = ${update}`)
	];
	return `
	insert into ${table} as stored (${names.join(', ')})
	select
		${inserted.join(',\n\t\t')}
	from (${incoming}) as incoming
	order by ${key.map((name) => `incoming.${name}`).join(', ')}
	on conflict (${key.join(', ')}) do update set
		${updates.join(',\n\t\t')}
	returning ${returning}`;
}

function mergedValue(name: string, kind: MergeKind | undefined): string {
	switch (kind) {
		case 'least':
			return `least(stored.${name}, excluded.${name})`;
		case 'greatest':
		case 'latest':
			return `greatest(stored.${name}, excluded.${name})`;
		case 'sum':
			return `stored.${name} + excluded.${name}`;
		case 'total':
			return `trim_scale(stored.${name} + excluded.${name})`;
		case 'or':
			return `stored.${name} or excluded.${name}`;
		case undefined:
			throw new Error(`${name} is no merged column`);
	}
}

/** The element of a register, for `derived`; 1 is its stamp. `read` turns its SQL into the column's type. */
export function field(register: string, element: number, read: (text: string) => string = (text) => text) {
	return (column: (name: string) => string): string => read(`${column(register)}[${element}]`);
}

/** Reads for `field`. The texts were numbers before they were put into the register. */
export const asNumeric = (text: string) => `${text}::numeric`;
export const asBigint = (text: string) => `${text}::numeric::bigint`;
