/** The demo shop as a shopper uses it: by what is written on the buttons, by hand on the picture, and by keys. */
import type { Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { testDatabase } from './database';
import { startProcess } from './process';

/** The real process with a database of its own. */
export async function startRoom(env: NodeJS.ProcessEnv = {}): Promise<{ address: string; sql: Sql }> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0', ...env });
	return { address, sql: database.sql };
}

/** A page, or a frame of one. */
type Part = Pick<Page, 'getByRole'>;

export const button = (page: Part, name: string): Locator => page.getByRole('button', { name, exact: true });
export const heading = (page: Part, name: string): Locator => page.getByRole('heading', { name, exact: true });
/** The picture that takes pointers and keys. */
export const pad = (page: Page): Locator => page.getByRole('application');

/** Presses buttons, one after the other, each as soon as it can be pressed. */
export async function press(page: Part, ...names: string[]): Promise<void> {
	for (const name of names) await button(page, name).click();
}

/** Drags over the picture; places are parts of its width and height. */
export async function drag(page: Page, from: [x: number, y: number], to: [x: number, y: number]): Promise<void> {
	await pad(page).scrollIntoViewIfNeeded();
	const box = await pad(page).boundingBox();
	if (!box) throw new Error('there is no picture to drag on');
	const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
	await page.mouse.move(...at(from));
	await page.mouse.down();
	await page.mouse.move(...at(to), { steps: 4 });
	await page.mouse.up();
}

/** From the product's page to the mask of the sample photo. */
export async function toMask(page: Part): Promise<void> {
	await press(page, 'See it in your room', 'Use the sample photo', 'Use this photo');
	await heading(page, 'Brush over what should go').waitFor();
}

/** From the mask to the emptied spot. */
export async function toEmptied(page: Part): Promise<void> {
	await press(page, 'Mark the armchair for me', 'Remove what is marked');
	await heading(page, 'The spot is empty').waitFor();
}

/** The canvas's colour at a place, as parts of its width and height. */
export function colourAt(page: Page, [x, y]: [number, number]): Promise<number[]> {
	return page
		.locator('canvas')
		.first()
		.evaluate(
			(canvas: HTMLCanvasElement, [x, y]) =>
				Array.from(canvas.getContext('2d')?.getImageData(x * canvas.width, y * canvas.height, 1, 1).data ?? []),
			[x, y] as const
		);
}

/** What the log has, in the shopper's order: type, and what tells events of one type apart. */
export async function told(sql: Sql): Promise<string[]> {
	const rows = await sql<{ event_type: string; data: Record<string, string> }[]>`
		select event_type, data from analytics_events order by client_timestamp, id`;
	const names = ['step', 'status', 'action', 'editType', 'adjustType', 'errorCode'];
	return rows.map(({ event_type, data }) => [event_type, ...names.flatMap((name) => data[name] ?? [])].join(' '));
}

/** Waits until the log has exactly this. */
export async function expectTold(sql: Sql, expected: string[]): Promise<void> {
	await expect.poll(() => told(sql), { timeout: 60_000, interval: 50 }).toEqual(expected);
}
