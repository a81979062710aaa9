import { describe, expect, it } from 'vitest';
import { chips, choicesOf, type FilterField } from './filters';
import { clearedParams, keptParams } from './form';

const FIELDS: FilterField[] = [
	{ kind: 'search', name: 'shop', label: 'Shop' },
	{ kind: 'choices', name: 'status', label: 'Status', options: [{ value: 'error', label: 'Failed' }, { value: 'x' }] },
	{ kind: 'check', name: 'errors', label: 'With errors' },
	{ kind: 'number', name: 'cost_over', label: 'Cost over', unit: '$' }
];
const url = new URL('http://x/sessions?status=error,x&errors=1&cost_over=0.5&shop=&tz=UTC&cursor=abc');

describe('active filters', () => {
	it('each say what they are, and lead to the list without them', () => {
		expect(chips(url, FIELDS).map(({ text, href }) => [text, href])).toEqual([
			['Status: Failed', '/sessions?status=x&errors=1&cost_over=0.5&shop=&tz=UTC'],
			['Status: x', '/sessions?status=error&errors=1&cost_over=0.5&shop=&tz=UTC'],
			['With errors', '/sessions?status=error,x&cost_over=0.5&shop=&tz=UTC'],
			['Cost over: $0.5', '/sessions?status=error,x&errors=1&shop=&tz=UTC']
		]);
	});
	it('say what is not wanted, and stay a choice though nobody offers them', () => {
		const address = new URL('http://x/sessions?status=-error,made-up');
		expect(chips(address, FIELDS).map(({ text }) => text)).toEqual(['Status: not Failed', 'Status: made-up']);
		const options = [{ value: 'error', label: 'Failed' }];
		expect(choicesOf({ options }, ['error', '-error', 'made-up'])).toEqual([
			...options,
			{ value: '-error', label: 'not Failed' },
			{ value: 'made-up', label: 'made-up' }
		]);
	});
	it('can all be cleared at once, without losing zone and range', () => {
		expect(Object.keys(clearedParams(url)).sort()).toEqual(['cost_over', 'cursor', 'errors', 'shop', 'status']);
	});
});

it('a form keeps what is not its own, but not the place in the list', () => {
	expect(keptParams(url, ['status', 'errors'])).toEqual([
		['cost_over', '0.5'],
		['tz', 'UTC']
	]);
});
