/** One hour of log and archive, event by event: what the sums only say differs is named here. */
import { hash } from 'node:crypto';
import { keyParts } from '../commit/rows';
import { EVENTS_PREFIX, nameAt, readObjects, readPatiently } from './backfill-reading';
import { parseObject } from './parse';
import { logRows } from './reconcile-log';
import { inSteps } from './steps';
import { REACH_MS, rowHash, type Hour, type ReconcileContext } from './reconcile-sums';

/** An event that is not the same here and there. */
export interface Difference {
	what: 'not in the archive' | 'not in the log' | 'another content';
	shop: string | null;
	id: string;
	/** Milliseconds since 1970. */
	serverTime: number;
}

export interface HourFindings {
	differences: Difference[];
	repeated: number;
	waiting: number;
}

/** Events that are held in memory, of log and archive each. */
const EVENTS_AT_ONCE = 100_000;
/**
 * Events that a statement looks for in all months: a month that leaves the log waits for it. 2,100 at once took 1.4 s after
 * a start with nothing in memory, in ten months of 150,000 events.
 */
const KEYS_AT_ONCE = 200;

interface Known {
	hash: bigint;
	serverTime: number;
}

/** Compares the events of a stretch of an hour. */
export async function compareHour(
	context: ReconcileContext,
	from: number,
	to: number,
	hour: Hour
): Promise<HourFindings> {
	const parts = Math.ceil(Math.max(hour.log.events, hour.archive.events) / EVENTS_AT_ONCE);
	const findings: HourFindings = { differences: [], repeated: 0, waiting: 0 };
	for (let part = 0; part < parts; part++) {
		const isPart = (key: string) => parts === 1 || parseInt(hash('sha256', key).slice(0, 8), 16) % parts === part;
		await comparePart(context, from, to, isPart, findings);
	}
	return findings;
}

async function comparePart(
	{ sql, store, patience }: ReconcileContext,
	from: number,
	to: number,
	isPart: (key: string) => boolean,
	findings: HourFindings
): Promise<void> {
	const archived = new Map<string, Known>();
	const range = { prefix: EVENTS_PREFIX, from: nameAt(Math.max(0, from - REACH_MS)), to: nameAt(to) };
	for await (const { content } of readObjects(store, range, '', patience)) {
		if ('damage' in content) continue;
		for (const { row, serverTime } of content.events) {
			if (serverTime < from || serverTime >= to || !isPart(row.key)) continue;
			if (archived.has(row.key)) findings.repeated++;
			else archived.set(row.key, { hash: rowHash(row.json), serverTime });
		}
	}
	const onlyLogged = new Map<string, Known>();
	for await (const { key, json, serverTime } of logRows(sql, from, to)) {
		patience.signal.throwIfAborted();
		if (!isPart(key)) continue;
		const known = archived.get(key);
		archived.delete(key);
		if (!known) onlyLogged.set(key, { hash: rowHash(json), serverTime });
		else if (known.hash !== rowHash(json)) differ(findings, 'another content', key, serverTime);
	}
	await lookInOtherObjects({ sql, store, patience }, onlyLogged, findings);
	await lookAtOtherTimes({ sql, store, patience }, archived, findings);
}

/** What the archive lacks here may lie in an object of another time, as after a replay, or wait to be shipped. */
async function lookInOtherObjects(
	context: ReconcileContext,
	missing: Map<string, Known>,
	findings: HourFindings
): Promise<void> {
	const { sql, patience } = context;
	const placesOf = new Map<string | null, number[]>();
	for (const { before, shops, ids } of keysOf(missing)) {
		patience.signal.throwIfAborted();
		const rows = await sql<{ object: string | null; isWaiting: boolean; places: number[] }[]>`
			with input as (
				select * from unnest(${shops}::text[], ${ids}::text[]) with ordinality as input (shop, id, place)
			),
			found as (
				select input.place, log.commit_id from input join analytics_events as log on log.id = input.id and log.shop_domain = input.shop
				union all
				select input.place, log.commit_id from input join analytics_events as log on log.id = input.id and log.shop_domain is null
				where input.shop is null
			)
			select
				object.name as object,
				coalesce(commits.source <> 'backfill', false) and object.state is distinct from 'shipped' as "isWaiting",
				array_agg(found.place::integer - 1 + ${before}::integer) as places
			from found
			left join commits on commits.id = found.commit_id
			left join archive_objects as object on object.id = commits.archive_object
			group by 1, 2`;
		for (const { object, isWaiting, places } of rows) {
			if (isWaiting) findings.waiting += places.length;
			else placesOf.set(object, [...(placesOf.get(object) ?? []), ...places]);
		}
	}
	const all = [...missing];
	for (const [object, places] of placesOf) {
		const there = object === null ? null : await rowsOf(context, object);
		for (const place of places) {
			const [key, known] = all[place] ?? [];
			if (key === undefined || known === undefined || there?.get(key) === known.hash) continue;
			differ(findings, there?.has(key) ? 'another content' : 'not in the archive', key, known.serverTime);
		}
	}
}

/** Keys by their shops and ids, some at a time, with how many come before. */
function* keysOf(events: ReadonlyMap<string, Known>): Generator<{
	before: number;
	shops: (string | null)[];
	ids: string[];
}> {
	const keys = [...events.keys()].map(keyParts);
	for (let before = 0; before < keys.length; before += KEYS_AT_ONCE) {
		const some = keys.slice(before, before + KEYS_AT_ONCE);
		yield { before, shops: some.map(({ shop }) => shop), ids: some.map(({ id }) => id) };
	}
}

async function rowsOf({ store, patience }: ReconcileContext, name: string): Promise<Map<string, bigint>> {
	const body = await readPatiently(store, name, patience);
	const content = body instanceof Uint8Array ? await inSteps(parseObject(body, Date.now())) : body;
	if (content === null || 'damage' in content) return new Map();
	return new Map(content.events.map(({ row }) => [row.key, rowHash(row.json)]));
}

/** What the log lacks here it may have at another time: of an event that came twice, the first stands. */
async function lookAtOtherTimes(
	{ sql, patience }: ReconcileContext,
	missing: Map<string, Known>,
	findings: HourFindings
): Promise<void> {
	const logged = new Map<number, number>();
	for (const { before, shops, ids } of keysOf(missing)) {
		patience.signal.throwIfAborted();
		const rows = await sql<{ place: number; at: Date }[]>`
			with input as (
				select * from unnest(${shops}::text[], ${ids}::text[]) with ordinality as input (shop, id, place)
			)
			select input.place::integer - 1 as place, log.server_timestamp as at
			from input join analytics_events as log on log.id = input.id and log.shop_domain = input.shop
			union all
			select input.place::integer - 1, log.server_timestamp
			from input join analytics_events as log on log.id = input.id and log.shop_domain is null
			where input.shop is null`;
		for (const { place, at } of rows) logged.set(before + place, at.getTime());
	}
	for (const [place, [key, { serverTime }]] of [...missing].entries()) {
		const other = logged.get(place);
		if (other === undefined) differ(findings, 'not in the log', key, serverTime);
		else if (other < serverTime) findings.repeated++;
		else differ(findings, 'another content', key, serverTime);
	}
}

function differ(findings: HourFindings, what: Difference['what'], key: string, serverTime: number): void {
	findings.differences.push({ what, ...keyParts(key), serverTime });
}
