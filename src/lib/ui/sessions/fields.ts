/** The filters of sessions as fields. Those that other pages' links use alone are shown only when they are set. */
import { STEP_LABELS, STEPS } from '$lib/events/vocabulary';
import { NONE } from '$lib/query';
import type { FilterField, FilterOption } from '../page/filters';
import { stepLabel } from '../words';

const STATUSES: readonly FilterOption[] = [
	{ value: 'in_progress', label: 'Active' },
	{ value: 'completed', label: 'Completed' },
	{ value: 'abandoned', label: 'Abandoned' },
	{ value: 'error', label: 'Failed' },
	{ value: 'ended', label: 'All ended' }
];
const DEVICES: readonly FilterOption[] = [
	{ value: 'mobile', label: 'Mobile' },
	{ value: 'tablet', label: 'Tablet' },
	{ value: 'desktop', label: 'Desktop' },
	{ value: NONE, label: 'Not told' }
];
const TIMES: readonly FilterOption[] = [
	{ value: 'ended', label: 'End' },
	{ value: 'hit', label: 'An error in it' },
	{ value: 'any', label: 'Any time' }
];
const STEP_NUMBERS: readonly FilterOption[] = STEPS.map((step, index) => ({
	value: String(index + 1),
	label: stepLabel(step)
}));
const YES_NO: readonly FilterOption[] = [
	{ value: '1', label: 'Yes' },
	{ value: '0', label: 'No' }
];

/** The fields for an address. @param choices what there is to choose from */
export function sessionFields(
	url: URL,
	choices: { shops: readonly string[]; eventTypes: readonly string[] }
): FilterField[] {
	const options = (values: readonly string[]) => values.map((value) => ({ value }));
	const fields: (FilterField & { rare?: true })[] = [
		{ kind: 'search', name: 'product', label: 'Product', placeholder: 'Part of the title, or the id' },
		{ kind: 'text', name: 'shop', label: 'Shop', options: options(choices.shops) },
		{ kind: 'choices', name: 'status', label: 'Status', options: STATUSES },
		{ kind: 'select', name: 'step', label: 'At step', options: withGiven(url, 'step', STEPS.map((step) => ({ value: step, label: STEP_LABELS[step] }))) },
		{ kind: 'select', name: 'device', label: 'Device', options: withGiven(url, 'device', DEVICES) },
		{ kind: 'select', name: 'errors', label: 'With errors', options: YES_NO },
		{ kind: 'select', name: 'cart', label: 'Added to cart', options: YES_NO },
		{ kind: 'number', name: 'cost_over', label: 'AI cost over', unit: '$' },
		{ kind: 'text', name: 'event', label: 'Had event', options: options(choices.eventTypes), placeholder: 'Type of event' },
		{ kind: 'text', name: 'q', label: 'Session id', placeholder: 'Any part of it' },
		{ kind: 'select', name: 'by', label: 'Range is about', options: TIMES, any: 'Start' },
		{ kind: 'text', name: 'product_is', label: 'Product is', rare: true },
		{ kind: 'text', name: 'group', label: 'Group of errors', rare: true },
		{ kind: 'text', name: 'error_q', label: 'Code or message of an error', rare: true },
		{ kind: 'text', name: 'error_severity', label: 'Severity of an error', rare: true },
		{ kind: 'text', name: 'error_step', label: 'Step of an error', rare: true },
		{ kind: 'text', name: 'error_shop', label: 'Shop of an error', rare: true },
		{ kind: 'text', name: 'error_state', label: 'State of its group', rare: true },
		{ kind: 'text', name: 'exit', label: 'Left at', rare: true },
		{ kind: 'text', name: 'reason', label: 'Reason', rare: true },
		{ kind: 'text', name: 'post_ar', label: 'Afterwards', rare: true },
		{ kind: 'select', name: 'reached', label: 'Reached', options: STEP_NUMBERS, rare: true },
		{ kind: 'select', name: 'not_reached', label: 'Did not reach', options: STEP_NUMBERS, rare: true }
	]; // prettier-ignore
	return fields.filter(({ rare, name }) => !rare || url.searchParams.get(name));
}

/** The options, and whatever else the address has: a word of a client's own must not be lost when the form is sent. */
function withGiven(url: URL, name: string, options: readonly FilterOption[]): FilterOption[] {
	const given = url.searchParams.getAll(name).flatMap((text) => text.split(','));
	const others = given.filter((value) => value !== '' && !options.some((option) => option.value === value));
	return [...options, ...[...new Set(others)].map((value) => ({ value }))];
}
