import { describe, expect, it } from 'vitest';
import { emptyWall, figures } from '../../../../tests/support/states';
import { figureTexts } from './figures';

const named = (texts: ReturnType<typeof figureTexts>, term: string) => texts.find((text) => text.term === term);

describe('the key figures', () => {
	it('have the names that people look for, in one order', () => {
		const names = figureTexts(figures()).map((text) => text.term);
		expect(names).toEqual(['Active sessions', 'Success rate', 'Active shops', 'AI cost', 'Errors']);
	});

	it('state their window and yesterday’s value', () => {
		expect(named(figureTexts(figures()), 'Success rate')).toMatchObject({
			value: '87.7%',
			compared: 'yesterday 86.1%',
			trend: 'up',
			definition: 'completed of ended, 24 h'
		});
	});

	it('tell nothing counted from counted nothing', () => {
		const texts = figureTexts(emptyWall().figures);
		expect(named(texts, 'Errors')).toMatchObject({ value: '0', noData: false });
		expect(named(texts, 'Success rate')).toMatchObject({ value: '–', noData: true, compared: 'none has ended yet' });
	});
});
