/** The filters of a page as a form shows them, and the ones that are active as chips, each with the way out of it. */
import { withParams } from '$lib/query';

export interface FilterOption {
	value: string;
	/** The value itself where there is none. */
	label?: string;
}

interface Named {
	/** The parameter. */
	name: string;
	label: string;
}

interface Typed extends Named {
	/** What is suggested; anything else may be typed. */
	options?: readonly FilterOption[];
	placeholder?: string;
}

export type FilterField =
	/** The field that `/` goes to. */
	| (Typed & { kind: 'search' })
	| (Typed & { kind: 'text' })
	/** One of several; `any` is what no choice is called. */
	| (Named & { kind: 'select'; options: readonly FilterOption[]; any?: string })
	/** Several at once, sent by commas. */
	| (Named & { kind: 'choices'; options: readonly FilterOption[] })
	| (Named & { kind: 'check' })
	| (Named & { kind: 'number'; unit?: string });

export interface Chip {
	key: string;
	/** "Status: Completed". */
	text: string;
	/** The same list without this filter. */
	href: string;
}

/** The values that an address gives to a parameter. */
export function valuesOf(url: URL, field: Pick<FilterField, 'kind' | 'name'>): string[] {
	const all = url.searchParams.getAll(field.name).filter((value) => value !== '');
	return field.kind === 'choices'
		? all.flatMap((value) => value.split(',')).filter((value) => value !== '')
		: all.slice(0, 1);
}

/** The active filters of an address. */
export function chips(url: URL, fields: readonly FilterField[]): Chip[] {
	return fields.flatMap((field) => {
		const values = valuesOf(url, field);
		return values.map((value) => ({
			key: `${field.name} ${value}`,
			text: chipText(field, value),
			href: withParams(url, { [field.name]: values.filter((one) => one !== value) })
		}));
	});
}

function chipText(field: FilterField, value: string): string {
	if (field.kind === 'check') return value === '0' || value === 'false' ? `Not: ${field.label}` : field.label;
	const options: readonly FilterOption[] = ('options' in field && field.options) || [];
	const known = options.find((option) => option.value === value)?.label;
	return `${field.label}: ${field.kind === 'number' ? (field.unit ?? '') : ''}${known ?? value}`;
}
