/** Connections that are killed under load, and values that cross them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, requirePostgres15, type Sql } from '../../src/lib/server/db/connect';
import { StartupError } from '../../src/lib/server/errors';
import { testDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeEach(async () => {
	database = await testDatabase();
});
afterEach(() => database.drop());

function matching(pattern: RegExp): unknown {
	return expect.stringMatching(pattern);
}

async function startupLine(url: string): Promise<string> {
	const sql = connect({ url, application: 'test', max: 1 });
	const error = await requirePostgres15(sql).catch((caught: unknown) => caught);
	await sql.end({ timeout: 1 });
	expect(error).toBeInstanceOf(StartupError);
	return error instanceof Error ? error.message : '';
}

/** The URL with some of its parts replaced. */
function but(parts: Partial<URL>): string {
	return Object.assign(new URL(database.url), parts).href;
}

describe('a pool', () => {
	// How callers come to their next statement: at once, and from a later phase of the event loop.
	it.each([
		['at once', (next: () => void) => queueMicrotask(next)],
		['after the poll phase', (next: () => void) => void setImmediate(next)]
	])(
		'answers or fails every statement, with its own answer, when backends are killed and callers go on %s',
		async (_, soon) => {
			const sql = connect({ url: database.url, application: 'victim', max: 2 });
			const outcomes = { answered: 0, failed: 0, wrong: 0 };
			let stopped = false;
			let asked = 0;
			const worker = async () => {
				while (!stopped) {
					await new Promise<void>(soon);
					const n = ++asked;
					try {
						const [row] = await sql<{ n: number }[]>`select ${n}::int as n`;
						outcomes[row?.n === n ? 'answered' : 'wrong']++;
					} catch {
						outcomes.failed++;
					}
				}
			};
			const workers = Promise.all(Array.from({ length: 4 }, worker));
			for (let kills = 0; kills < 15; kills++) {
				// The next kill comes when the killed are gone, whether or not a statement was under way, and others answer.
				await database.sql`
					select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'victim'`;
				const answered = outcomes.answered;
				await expect.poll(() => outcomes.answered - answered, { interval: 5 }).toBeGreaterThan(20);
			}
			stopped = true;
			await workers;
			expect(outcomes.wrong).toBe(0);
			expect(outcomes.failed).toBeGreaterThan(0);
			await sql.end();
		}
	);

	it('ends, also when its connection was lost under a statement', async () => {
		const sql = connect({ url: database.url, application: 'victim', max: 1 });
		const lost = expect(sql`select pg_sleep(600)`).rejects.toThrow('CONNECTION_CLOSED');
		const kill = () =>
			database.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'`;
		await expect.poll(async () => (await kill()).length).toBe(1);
		await lost;
		await sql.end();
	});

	it('carries arrays both ways: nulls, quotes, depth, numbers, times, documents', async () => {
		const { sql } = database;
		const texts = ['a', '', 'NULL', null, 'q"uo,te', 'back\\slash', '{x}', ' blank ', 'é😀', '\n'];
		const [row] = await sql`
			select ${texts}::text[] as texts, ${sql.array(['x'])} as inferred, ${[]}::text[] as none, ${[1, 2]}::int[] as ints,
				array[[1, 2], [3, null]] as deep, '[0:1]={5,6}'::int[] as bounds, ${['{"a":"\\""}']}::text[]::jsonb[] as documents,
				${sql.array([new Date(0)])} as times, array[1.50, 2] as decimals, array[9007199254740993] as big`;
		expect(row).toEqual({
			texts,
			inferred: ['x'],
			none: [],
			ints: [1, 2],
			deep: [
				[1, 2],
				[3, null]
			],
			bounds: [5, 6],
			documents: [{ a: '"' }],
			times: [new Date(0)],
			decimals: ['1.50', '2'],
			big: ['9007199254740993']
		});
	});

	it('keeps money and counts exact, and the session settings that it was given, 0 too', async () => {
		const settings = { statement_timeout: 1_234, max_parallel_workers_per_gather: 0 };
		const sql = connect({ url: database.url, application: 'exact', max: 1, settings });
		const [row] = await sql`
			select 9007199254740993::int8 as count, 0.10::numeric as money, current_setting('statement_timeout') as timeout,
				current_setting('max_parallel_workers_per_gather') as workers, current_setting('application_name') as application`;
		expect(row).toEqual({
			count: '9007199254740993',
			money: '0.10',
			timeout: '1234ms',
			workers: '0',
			application: 'exact'
		});
		await sql.end();
	});
});

describe('a start', () => {
	it('names what is wrong with the database in one line without the password', async () => {
		const lines = {
			refused: await startupLine(but({ port: '1' })),
			password: await startupLine(but({ password: 'not-this' })),
			database: await startupLine(but({ pathname: '/nowhere' })),
			tls: await startupLine(but({ search: '?sslmode=require' }))
		};
		expect(lines).toEqual({
			refused: matching(/^Nothing listens at 127\.0\.0\.1:1\//),
			password: matching(/refused the password of user "control_room"\.$/),
			database: matching(/^There is no database "nowhere" at /),
			tls: matching(/does not offer TLS/)
		});
		const { password } = new URL(database.url);
		expect(Object.values(lines).filter((line) => line.includes(password) || line.includes('\n'))).toEqual([]);
	});

	it('refuses what is no URL', () => {
		expect(() => connect({ url: 'hello world', application: 'test' })).toThrow(StartupError);
	});

	it('goes through with the database of this test', async () => {
		await expect(requirePostgres15(database.sql satisfies Sql)).resolves.toBeUndefined();
	});
});
