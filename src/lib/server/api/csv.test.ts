import { expect, test } from 'vitest';
import { allPages, csvCell, csvResponse } from './csv';

test('cells with separators, quotes and line ends are quoted', () => {
	expect(csvCell('a,b')).toBe('"a,b"');
	expect(csvCell('she said "no"')).toBe('"she said ""no"""');
	expect(csvCell('one\ntwo')).toBe('"one\ntwo"');
	expect(csvCell(null)).toBe('');
});

test('what a spreadsheet would run is text, and a negative number stays one', () => {
	expect(csvCell('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`);
	expect(csvCell('@SUM(A1)')).toBe(`'@SUM(A1)`);
	expect(csvCell('-2+3')).toBe(`'-2+3`);
	expect(csvCell('-0.04')).toBe('-0.04');
});

test('a list is streamed to its end, and no further than it is read', async () => {
	const read: (string | null)[] = [];
	const list = (cursor: string | null) => {
		read.push(cursor);
		const at = Number(cursor ?? 0);
		return Promise.resolve({ rows: [at, at + 1], next: at < 4 ? String(at + 2) : null });
	};
	const columns = [{ name: 'n', cell: (row: number) => row }];
	expect(await csvResponse('numbers', columns, allPages(list)).text()).toBe('n\r\n0\r\n1\r\n2\r\n3\r\n4\r\n5\r\n');
	expect(read).toEqual([null, '2', '4']);

	read.length = 0;
	const reader = csvResponse('numbers', columns, allPages(list)).body?.getReader();
	await reader?.read();
	await reader?.cancel();
	expect(read.length).toBeLessThan(3);
});
