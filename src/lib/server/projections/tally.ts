/**
 * Writes the merge of a tally: rows that a commit changed are taken out as they were and put in as they are, and what
 * that adds up to is added to the stored sums. Sums of decimals lose the zeros at their end, which would tell of amounts
 * that were replaced.
 */

/** What is counted of a row: column → type, in the order in which it is put into an array. */
export type Counted = Readonly<Record<string, string>>;

/** SQL of the array of what is counted of a row. */
export function arrayOf(counted: Counted, row: string): string {
	return `array[${Object.keys(counted)
		.map((name) => `${row}.${name}::text`)
		.join(', ')}]`;
}

/**
 * SQL of a common table expression: the rows that a merge changed, each with its `sign`, what was counted of it under
 * its own names, and the further columns.
 * @param merge the expression whose rows have the arrays `counted` and `replaced_tally`; null means not counted
 */
export function changedRows(merge: string, counted: Counted, columns: Readonly<Record<string, string>>): string {
	const unpacked = Object.entries(counted).map(([name, type], index) => `counted[${index + 1}]::${type} as ${name}`);
	const further = Object.entries(columns).map(([name, expression]) => `${expression} as ${name}`);
	return `
	select sign, ${further.join(', ')}
	from (
		select sign, ${unpacked.join(', ')}
		from (
			select 1 as sign, counted from ${merge} where counted is not null and counted is distinct from replaced_tally
			union all
			select -1, replaced_tally from ${merge} where replaced_tally is not null and counted is distinct from replaced_tally
		) as arrays
	) as rows`;
}

/**
 * SQL that adds changed rows to a tally.
 * @param from the changed rows with their `sign`, the keys and the measures
 */
export function addTo(table: string, keys: readonly string[], measures: readonly string[], from: string): string {
	const isDecimal = (name: string) => name.endsWith('cost');
	const sums = measures.map((name) => `${isDecimal(name) ? 'trim_scale' : ''}(sum(sign * ${name})) as ${name}`);
	const added = measures.map(
		(name) => `${name} = ${isDecimal(name) ? 'trim_scale' : ''}(stored.${name} + excluded.${name})`
	);
	return `
	insert into ${table} as stored (${[...keys, ...measures].join(', ')})
	select ${[...keys, ...sums].join(', ')}
	from ${from}
	group by ${keys.join(', ')}
	having ${measures.map((name) => `sum(sign * ${name}) <> 0`).join(' or ')}
	order by ${keys.join(', ')}
	on conflict (${keys.join(', ')}) do update set ${added.join(', ')}`;
}

/** The condition on a tally's rows that say nothing. */
export function allZero(measures: readonly string[]): string {
	return measures.map((name) => `${name} = 0`).join(' and ');
}
