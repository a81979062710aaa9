import { describe, expect, it } from 'vitest';
import { hold } from './hold';

interface Row {
	id: string;
	text: string;
}
const row = (id: string, text = id): Row => ({ id, text });
const id = ({ id }: Row) => id;
const texts = (rows: readonly Row[]) => rows.map(({ text }) => text);

describe('rows that are held', () => {
	const first = hold(null, '?shop=a', [row('3'), row('2'), row('1')], id);

	it('keep their places and take their new content', () => {
		const next = hold(first, '?shop=a', [row('4'), row('2', 'two'), row('3'), row('1')], id);
		expect(texts(next.shown)).toEqual(['3', 'two', '1']);
	});
	it('stay where they are when new ones push them off the page', () => {
		const next = hold(first, '?shop=a', [row('5'), row('4'), row('3', 'three')], id);
		expect(texts(next.shown)).toEqual(['three', '2', '1']);
	});
	it('count the new ones', () => {
		expect(hold(first, '?shop=a', [row('5'), row('4'), row('3'), row('2')], id).waiting).toBe(2);
	});
	it('say when nothing that was read is known, because there may be more between', () => {
		expect(hold(first, '?shop=a', [row('9'), row('8')], id)).toMatchObject({ waiting: 2, more: true });
		expect(hold(first, '?shop=a', [row('4'), row('3')], id)).toMatchObject({ waiting: 1, more: false });
		expect(hold(first, '?shop=a', [], id)).toMatchObject({ waiting: 0, more: false });
	});
	it('give way to another list', () => {
		expect(texts(hold(first, '?shop=b', [row('9')], id).shown)).toEqual(['9']);
	});
	it('do not hold up the first rows of a list that was empty', () => {
		const empty = hold<Row>(null, '', [], id);
		expect(texts(hold(empty, '', [row('1')], id).shown)).toEqual(['1']);
	});
});
