/** The simulator as an operator runs it: what it says at its end is what SQL counts in the tables. */
import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verify } from '../../src/lib/server/commit/rebuild';
import type { Sql } from '../../src/lib/server/db/connect';
import { testDatabase, type TestDatabase } from '../support/database';
import { freePort, startProcess } from '../support/process';
import { slowDown } from '../support/slow';

interface Run {
	/** Resolves to its exit code and all that it printed. */
	ended: Promise<{ code: number | null; said: string; faults: string }>;
	said: () => string;
	kill: (signal: NodeJS.Signals) => void;
}

function simulate(args: string[], env: NodeJS.ProcessEnv = {}): Run {
	const child = spawn(process.execPath, ['src/launch.js', 'cli', 'simulate', ...args], {
		env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	let said = '';
	let faults = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => (faults += text));
	return {
		ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, said, faults }))),
		said: () => said,
		kill: (signal) => void child.kill(signal)
	};
}

async function database(): Promise<TestDatabase> {
	const made = await testDatabase();
	onTestFinished(() => made.drop());
	return made;
}

/** A running server on a database of its own. */
async function server(): Promise<{ sql: Sql; endpoint: string }> {
	const { url, sql } = await database();
	const { address } = await startProcess({ DATABASE_URL: url, PORT: '0' });
	return { sql, endpoint: `${address}/api/analytics/events` };
}

/** A figure of the summary, such as the one before "accepted". */
function figure(said: string, word: string): number {
	const [, digits] = new RegExp(`([\\d,]+) ${word}`).exec(said) ?? [];
	return Number((digits ?? '0').replaceAll(',', ''));
}

function sessionsOf(said: string): number {
	return Number(/Sessions +([\d,]+)/.exec(said)?.[1]?.replaceAll(',', ''));
}

/** What the summary says, and what the tables say. */
async function compare(sql: Sql, said: string): Promise<void> {
	const [log] = await sql<{ events: number; errors: number; sessions: number; cost: string }[]>`
		select
			(select count(*)::int from analytics_events) as events,
			(select count(*)::int from errors) as errors,
			(select count(*)::int from sessions) as sessions,
			(select trim_scale(sum(total_ai_cost))::text from sessions) as cost`;
	const outcomes = await sql<{ status: string; count: number }[]>`
		select case when abandonment_reason = 'timeout' then 'timed out' else status end as status, count(*)::int
		from sessions group by 1`;
	const count = (status: string): number => outcomes.find((row) => row.status === status)?.count ?? 0;
	expect({
		events: log?.events,
		errors: log?.errors,
		sessions: log?.sessions,
		cost: Number(log?.cost),
		completed: count('completed'),
		abandoned: count('abandoned'),
		failed: count('error'),
		timedOut: count('timed out'),
		inProgress: count('in_progress')
	}).toEqual({
		events: figure(said, 'accepted') + figure(said, 'sent by beacons'),
		errors: Number(/Errors +([\d,]+)/.exec(said)?.[1]?.replaceAll(',', '')),
		sessions: sessionsOf(said),
		cost: Number(/AI cost +\$([\d.]+)/.exec(said)?.[1]),
		completed: figure(said, 'completed'),
		abandoned: figure(said, 'abandoned'),
		failed: figure(said, 'error'),
		timedOut: figure(said, 'timed out'),
		inProgress: figure(said, 'never ended') + figure(said, 'interrupted') + figure(said, 'in progress')
	});
}

const SHORT = ['--minutes', '0.2', '--sessions-per-minute', '300', '--speed', '60', '--shops', '12', '--seed', '7'];

describe('shoppers beside a running server', () => {
	it('are all in the tables, as their summary counts them, at times of which none lies ahead', async () => {
		const { sql, endpoint } = await server();
		const { code, said, faults } = await simulate([...SHORT, '--endpoint', endpoint]).ended;
		expect({ code, faults }).toEqual({ code: 0, faults: '' });
		await compare(sql, said);
		expect(figure(said, 'made')).toBeGreaterThan(500);
		expect(figure(said, 'made')).toBe(figure(said, 'accepted') + figure(said, 'sent by beacons'));
		expect(said).toContain('answer unread');
		// The retries of the older clients, which have no ids.
		expect(figure(said, 'duplicates')).toBeGreaterThan(0);
		const [clocks] = await sql`select count(*) filter (where clock_shift_ms < 0)::int as ahead from analytics_events`;
		expect(clocks).toEqual({ ahead: 0 });
	});

	it('do exactly the same again with the same seed', async () => {
		const [one, other] = [await server(), await server()];
		await Promise.all([one, other].map(({ endpoint }) => simulate([...SHORT, '--endpoint', endpoint]).ended));
		const events = ({ sql }: { sql: Sql }) => sql`
			select
				case when left(id, 2) = 'e_' then id end as id, event_type, session_id, shop_domain, data::text, device_context::text,
				(extract(epoch from sent_time - min(sent_time) over ()) * 1000)::bigint::text as at
			from (
				-- As it was told: a request that is five seconds on its way is taken for one from a clock that is late.
				select *, event_time - clock_shift_ms * interval '1 millisecond' as sent_time from analytics_events
			) as told
			order by 7, 2, 3, 4, 5`;
		const [first, second] = [await events(one), await events(other)];
		expect(first.length).toBeGreaterThan(500);
		expect([...second]).toEqual([...first]);
	});

	it('end with their summary at Ctrl-C', async () => {
		const { sql, endpoint } = await server();
		const run = simulate(['--sessions-per-minute', '600', '--shops', '5', '--endpoint', endpoint]);
		await expect
			.poll(async () => (await sql`select count(*)::int as n from sessions`)[0]?.['n'] as number)
			.toBeGreaterThan(10);
		run.kill('SIGINT');
		run.kill('SIGINT');
		const { code, said } = await run.ended;
		expect(code).toBe(0);
		expect(figure(said, 'interrupted')).toBeGreaterThan(0);
		await compare(sql, said);
	});

	it('say in one line that nothing answers, and what is wrong with an argument', async () => {
		const nobody = await simulate(['--endpoint', `http://127.0.0.1:${await freePort()}`]).ended;
		expect(nobody).toMatchObject({ code: 1, said: '' });
		expect(nobody.faults).toMatch(/^Nothing answers at .*npm start.*\n$/);
		const typo = await simulate(['--sead', '7']).ended;
		expect(typo).toMatchObject({ code: 1, said: '' });
		expect(typo.faults).toContain('--sead');
	});
});

describe('a history', () => {
	const wanted = ['--backdate', '14d', '--events', '12000', '--shops', '12', '--seed', '7'];

	it('is in the tables as its summary counts it, none of it in the future, and equals its rebuild', async () => {
		const { url, sql } = await database();
		const { code, said, faults } = await simulate(wanted, { DATABASE_URL: url }).ended;
		expect({ code, faults }).toEqual({ code: 0, faults: '' });
		await compare(sql, said);
		expect(Math.abs(figure(said, 'made') - 12_000)).toBeLessThan(1_200);
		expect(figure(said, 'timed out')).toBeGreaterThan(0);

		const [times] = await sql`
			select
				(min(server_timestamp) > now() - interval '15 days') as begins,
				(max(greatest(server_timestamp, event_time)) <= now()) as ends,
				(max(event_time) > now() - interval '2 hours') as recent
			from analytics_events`;
		expect(times).toEqual({ begins: true, ends: true, recent: true });
		// Nothing is left for the sweeper but what has just fallen silent.
		const [silent] = await sql`
			select count(*)::int as n from sessions
			where status = 'in_progress' and received_at < now() - interval '12 minutes'`;
		expect(silent).toEqual({ n: 0 });
		const differences = await verify(sql);
		expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);

		const again = await simulate(wanted, { DATABASE_URL: url }).ended;
		expect(figure(again.said, 'accepted')).toBe(0);
		expect(figure(again.said, 'duplicates')).toBe(figure(said, 'made'));
	});

	it('that was interrupted goes on with the same seed, and misses nothing then', async () => {
		const { url, sql } = await database();
		const many = ['--backdate', '30d', '--events', '20000', '--shops', '6', '--seed', '8'];
		await slowDown(sql, 'insert on commits', 200);
		const run = simulate(many, { DATABASE_URL: url });
		await expect
			.poll(async () => (await sql`select count(*)::int as n from commits`)[0]?.['n'] as number)
			.toBeGreaterThan(2);
		run.kill('SIGINT');
		const first = await run.ended;
		expect(first.code).toBe(0);
		expect(first.said).toContain('--seed 8 goes on');
		const second = await simulate(many, { DATABASE_URL: url }).ended;
		expect(figure(second.said, 'accepted')).toBeGreaterThan(0);
		expect(figure(second.said, 'duplicates')).toBe(figure(first.said, 'accepted'));
		const [log] = await sql`select count(*)::int as n from analytics_events`;
		expect(log).toEqual({ n: figure(second.said, 'made') });
		const [sessions] = await sql`select count(*)::int as n from sessions`;
		expect(sessions).toEqual({ n: sessionsOf(second.said) });
	});
});
