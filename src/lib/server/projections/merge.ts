/**
 * Writes the merge of a projection: insert, or on conflict merge with what is stored. A projection says how each of its
 * columns is merged and which follow from the merged ones; the SQL that must be alike in both branches is written here
 * once, so that a column can't be merged one way and derived another.
 */
import type { Expected } from './expected';

export interface Projection {
	/** The table that it keeps. */
	table: string;
	/** Columns that the last merge left behind for the statement itself: not part of what the fold says. */
	scratch: readonly string[];
	/** Its common table expressions, without a trailing comma; null when none of the expected events moves its table. */
	merge: (expected: Expected) => string | null;
	/** SQL condition on rows that say nothing, such as sums that returned to zero: a rebuild never makes them. */
	empty?: string;
	/** How it is taken back. */
	unfold: Unfold;
}

/**
 * The way back, for events that are to be forgotten; `unfold.ts` says when each part runs. What is counted is the same
 * text as in the merge, so that exactly that is taken out which was put in.
 */
export interface Unfold {
	/**
	 * Common table expressions that take out of the table what the sessions of `forgotten_sessions` and the events of
	 * `fresh` put in. They have the names of the merge's, so that the next ones can read what was taken out.
	 */
	takeOut: string | null;
	/**
	 * Statements to run when the events are gone from the log. What many sessions have in common (the latest, the first) can
	 * only be found again among what remains.
	 */
	mend?: (expected: Expected) => readonly string[];
}

/**
 * How a stored and an incoming value become one; none depends on order. `latest` is the greatest of registers. `total` is
 * a sum of decimals without zeros at its end, which would tell of amounts that were replaced; `bits` are those set in either.
 */
export type MergeKind = 'least' | 'greatest' | 'latest' | 'sum' | 'total' | 'or' | 'bits';

type Column = (name: string) => string;

export interface Merge {
	table: string;
	/** The key's columns. */
	key: readonly string[];
	/** A select that gives the key and every merged column that is not absent, one row a key. */
	incoming: string;
	merged: Readonly<Record<string, MergeKind>>;
	/** Merged columns of which nothing can come. They keep what they have; a new row gets the table's default. */
	absent?: ReadonlySet<string>;
	/** Column → SQL over merged columns, which `column` names as they will be after the merge. */
	derived: Readonly<Record<string, (column: Column) => string>>;
	/** Column → SQL for what the statement itself needs to know of the merge: [of a new row, of a merged row]. In the
	 * first, columns are `incoming.x`; in the second `stored.x` is the row before and `excluded.x` what came. */
	scratch: Readonly<Record<string, readonly [string, string]>>;
	returning: string;
}

export function mergeStatement(merge: Merge): string {
	const { table, key, incoming, absent = new Set<string>(), scratch, returning } = merge;
	const merged = Object.entries(merge.merged).filter(([name]) => !absent.has(name));
	const derived = Object.entries(merge.derived).filter(([, expression]) =>
		reads(expression, (name) => !absent.has(name))
	);
	const kindOf = (name: string): MergeKind => {
		const kind = merge.merged[name];
		if (!kind) throw new Error(`${name} is no merged column of ${table}`);
		return kind;
	};
	const inserted: Column = (name) => `(${absent.has(name) ? NOTHING[kindOf(name)] : `incoming.${name}`})`;
	const updated: Column = (name) => `(${absent.has(name) ? `stored.${name}` : mergedValue(name, kindOf(name))})`;

	const columns = [
		...key.map((name) => [name, `incoming.${name}`]),
		...merged.map(([name]) => [name, `incoming.${name}`]),
		...derived.map(([name, expression]) => [name, expression(inserted)]),
		...Object.entries(scratch).map(([name, [fresh]]) => [name, fresh])
	];
	const updates = [
		...merged.map(([name, kind]) => `${name} = ${mergedValue(name, kind)}`),
		...derived.map(([name, expression]) => `${name} = ${expression(updated)}`),
		...Object.entries(scratch).map(([name, [, update]]) => `${name} = ${update}`)
	];
	return `
	insert into ${table} as stored (${columns.map(([name]) => name).join(', ')})
	select
		${columns.map(([, value]) => value).join(',\n\t\t')}
	from (${incoming}) as incoming
	order by ${key.map((name) => `incoming.${name}`).join(', ')}
	on conflict (${key.join(', ')}) do update set
		${updates.join(',\n\t\t')}
	returning ${returning}`;
}

/** What an absent column of a new row is, as SQL. */
const NOTHING: Record<MergeKind, string> = {
	least: 'null::timestamptz',
	greatest: 'null::timestamptz',
	latest: 'null::text[]',
	sum: '0',
	total: '0',
	or: 'false',
	bits: '0'
};

/** Whether the expression reads a column of this kind. */
function reads(expression: (column: Column) => string, isOne: (name: string) => boolean): boolean {
	let found = false;
	expression((name) => {
		found ||= isOne(name);
		return name;
	});
	return found;
}

function mergedValue(name: string, kind: MergeKind): string {
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
		case 'bits':
			return `stored.${name} | excluded.${name}`;
	}
}

/** The element of a register, for `derived`; 1 is its stamp. `read` turns its SQL into the column's type. */
export function field(register: string, element: number, read: (text: string) => string = (text) => text) {
	return (column: (name: string) => string): string => read(`${column(register)}[${element}]`);
}

/** Reads for `field`. The texts were numbers before they were put into the register. */
export const asNumeric = (text: string) => `${text}::numeric`;
export const asBigint = (text: string) => `${text}::numeric::bigint`;

/** SQL of the log's events that match, each with its place in the order, for what is read from it again. */
export const stamped = (condition: string) =>
	`(select log.*, event_stamp(log.event_time, log.id) as stamp from analytics_events as log where ${condition}) as remaining`;

/** SQL over a row of the log: the server made it itself. What came over the wire has an address. */
export const SERVER_MADE = 'ip is null';
