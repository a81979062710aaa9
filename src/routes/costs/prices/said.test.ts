import { describe, expect, it } from 'vitest';
import { faultsOf, readForm } from './said';

const GOOD = { provider: 'fal', model: '', operation: '', validFrom: '2026-11-22', priceUsd: '0.042', by: 'ann' };
const form = (fields: Record<string, string>) => {
	const data = new FormData();
	for (const [name, value] of Object.entries(fields)) data.set(name, value);
	return readForm(data, null);
};

describe('what is said of a price', () => {
	it('is read as it was typed, without the space around it, and is somebody’s without a name', () => {
		expect(form({ ...GOOD, provider: ' fal ', by: '' })).toEqual({ ...GOOD, by: 'somebody' });
		expect(faultsOf(form(GOOD))).toEqual({});
	});
	it('is said by who is logged in, whatever name the form has', () => {
		const data = new FormData();
		data.set('by', 'somebody else');
		expect(readForm(data, 'ann').by).toBe('ann');
	});
	it.each(['0', '0.000001', '999999.999999', '12'])('can be %s dollars', (priceUsd) => {
		expect(faultsOf(form({ ...GOOD, priceUsd }))).toEqual({});
	});
	it.each(['', '-1', '0.0000001', '1e3', '1,5', '.5', '1000000', 'NaN'])('can not be %j dollars', (priceUsd) => {
		expect(Object.keys(faultsOf(form({ ...GOOD, priceUsd })))).toEqual(['priceUsd']);
	});
	it.each([
		['provider', ''],
		['provider', 'x'.repeat(101)],
		['model', 'a\0b'],
		['operation', 'a\nb'],
		['validFrom', '2026-02-30'],
		['validFrom', '1999-12-31'],
		['validFrom', 'soon']
	])('is refused for its %s %j', (name, value) => {
		expect(Object.keys(faultsOf(form({ ...GOOD, [name]: value })))).toEqual([name]);
	});
	it('needs no amount to be taken back', () => {
		expect(faultsOf(form({ ...GOOD, priceUsd: '' }), true)).toEqual({});
	});
});
