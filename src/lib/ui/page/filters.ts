/** The filters of a page as a form shows them, and the ones that are active as chips, each with the way out of it. */
import { asksWhole, partedWords, readSpan, WHOLE, withParams } from '$lib/query';
import { dateFormat } from '../format';

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
	/** Several may be typed, with commas between them. */
	many?: boolean;
}

export type FilterField =
	/** The field that `/` goes to. */
	| (Typed & { kind: 'search' })
	| (Typed & { kind: 'text' })
	/** One of several; `any` is what no choice is called, which is none where one is required. */
	| (Named & { kind: 'select'; options: readonly FilterOption[]; any?: string; required?: boolean })
	/** Several at once, sent by commas. */
	| (Named & { kind: 'choices'; options: readonly FilterOption[] })
	| (Named & { kind: 'check' })
	| (Named & { kind: 'number'; unit?: string })
	/** A stretch of time, which links ask for and nobody types. */
	| (Named & { kind: 'span'; zone: string });

export interface Chip {
	key: string;
	/** "Status: Completed". */
	text: string;
	/** The same list without this filter. */
	href: string;
}

/** The values that an address gives to a parameter. */
export function valuesOf(url: URL, field: FilterField): string[] {
	const all = url.searchParams.getAll(field.name).filter((value) => value !== '');
	return field.kind === 'choices' || ('many' in field && field.many)
		? all.flatMap((value) => value.split(',')).filter((value) => value !== '')
		: all.slice(0, 1);
}

/** What there is to choose from, and what the address has beside: it must not be lost when the form is sent. */
export function choicesOf(
	{ options }: { options: readonly FilterOption[] },
	values: readonly string[]
): FilterOption[] {
	const others = values.filter((value) => !options.some((option) => option.value === value));
	return [...options, ...others.map((value) => ({ value, label: labelOf(options, value) }))];
}

/**
 * The fields as they are offered to somebody who sees these shops alone: one of them is always looked at, and nothing is
 * to choose where there is but one. @param shops null: all
 */
export function offered(fields: readonly FilterField[], shops: readonly string[] | null): readonly FilterField[] {
	if (shops === null) return fields;
	const options = [...shops].sort().map((value) => ({ value }));
	return fields.flatMap((field): FilterField[] => {
		if (field.name !== 'shop') return [field];
		return shops.length > 1 ? [{ kind: 'select', name: 'shop', label: field.label, options, required: true }] : [];
	});
}

/** The active filters of an address. */
export function chips(url: URL, fields: readonly FilterField[]): Chip[] {
	const active = fields.flatMap((field) => {
		if (field.kind === 'select' && field.required) return [];
		const values = valuesOf(url, field);
		return values.map((value) => ({
			key: `${field.name} ${value}`,
			text: chipText(field, value),
			href: withParams(url, { [field.name]: values.filter((one) => one !== value) })
		}));
	});
	if (asksWhole(url.searchParams))
		active.push({ key: WHOLE, text: 'Whole lists', href: withParams(url, { [WHOLE]: null }) });
	return active;
}

function chipText(field: FilterField, value: string): string {
	if (field.kind === 'span') return `${field.label}: ${spanName(value, field.zone)}`;
	if (field.kind === 'check') return value === '0' || value === 'false' ? `Not: ${field.label}` : field.label;
	const options: readonly FilterOption[] = ('options' in field && field.options) || [];
	return `${field.label}: ${field.kind === 'number' ? (field.unit ?? '') : ''}${labelOf(options, value)}`;
}

function spanName(value: string, zone: string): string {
	const span = readSpan(value);
	if (!span) return value;
	const parts = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
	return dateFormat('span', zone, parts).formatRange(span.from, span.to);
}

function labelOf(options: readonly FilterOption[], value: string): string {
	const { only, without } = partedWords([value]);
	const [word = value] = [...only, ...without];
	const label = options.find((option) => option.value === word)?.label ?? word;
	return without.length > 0 ? `not ${label}` : label;
}
