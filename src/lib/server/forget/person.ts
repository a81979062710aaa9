/**
 * Finds what is kept of a person: a shop's sessions in which any event says their id, their address or their telephone
 * number, and such events without a session. In the log, and in the archive where there is one.
 */
import { jsonString } from '../../events/canonical';
import { EVENTS_PREFIX, listObjects, readPatiently, type Patience } from '../archive/backfill-reading';
import { parseObject } from '../archive/parse';
import { inSteps, type Steps } from '../archive/steps';
import type { ObjectStore } from '../archive/store';
import type { Sql } from '../db/connect';
import type { EventKey } from './log';
import { lowerAscii, namesOf, type Customer } from './subject';

/** What is kept of a person. */
export interface Traces {
	sessions: Set<string>;
	/** Events without a session. */
	events: EventKey[];
}

interface Candidate {
	session: string | null;
	shop: string;
	id: string;
	data: unknown;
	extra: unknown;
}

/** A row of the log, as logRow writes it. */
export interface ArchivedRow extends Omit<Candidate, 'shop'> {
	shop: string | null;
}

/** Looks through the log. @param shops the shop as it is spelt there */
export async function findInLog(
	sql: Sql,
	shops: string[],
	customer: Customer,
	traces: Traces,
	{ signal }: Patience
): Promise<void> {
	const needles = namesOf(customer).map((name) => jsonString(name).slice(1, -1));
	const candidates = sql<Candidate[]>`
		select session_id as session, shop_domain as shop, id, data, extra
		from analytics_events
		where shop_domain = any(${shops}) and exists (
			select from unnest(${needles}::text[]) as needle
			where strpos(lower(data::text), lower(needle)) > 0 or strpos(lower(extra::text), lower(needle)) > 0
		)`;
	for await (const rows of candidates.cursor(1_000)) {
		signal.throwIfAborted();
		for (const row of rows) note(row, customer, traces);
	}
}

/** Looks through the archive. */
export async function findInArchive(
	store: ObjectStore,
	shop: string,
	customer: Customer,
	traces: Traces,
	patience: Patience
): Promise<void> {
	const wanted = lowerAscii(shop);
	for await (const event of archivedEvents(store, namesOf(customer), patience)) {
		const named = event.shop;
		if (named !== null && lowerAscii(named) === wanted) note({ ...event, shop: named }, customer, traces);
	}
}

/** The events of all objects of the archive that say one of the words anywhere. Objects that can't be read have none. */
export async function* archivedEvents(
	store: ObjectStore,
	words: Iterable<string>,
	patience: Patience
): AsyncGenerator<ArchivedRow> {
	const given = [...words];
	// What was too long for a key is known by its beginning and a hash.
	const isShortened = given.some((word) => /~[0-9a-f]{32}$/.test(word));
	const lower = isShortened ? [''] : given.map((word) => jsonString(word).slice(1, -1).toLowerCase());
	for await (const { name } of listObjects(store, { prefix: EVENTS_PREFIX }, '', patience)) {
		const body = await readPatiently(store, name, patience);
		if (!(body instanceof Uint8Array) || !(await inSteps(says(body, lower)))) continue;
		const object = await inSteps(parseObject(body, Infinity));
		if ('damage' in object) continue;
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- logRow wrote it
		for (const { row } of object.events) yield JSON.parse(row.json) as ArchivedRow;
	}
}

/** Whether any of the words may be in it. What is written with escapes has to be looked at closely. */
function* says(body: Uint8Array, words: readonly string[]): Steps<boolean> {
	const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString().toLowerCase();
	if (/\\[u/]/.test(text)) return true;
	for (const word of words) {
		if (text.includes(word)) return true;
		yield;
	}
	return false;
}

function note({ session, shop, id, data, extra }: Candidate, customer: Customer, traces: Traces): void {
	if (!isOfPerson(customer, data, extra)) return;
	if (session === null) traces.events.push({ shop, id });
	else traces.sessions.add(session);
}

/** Whether any value in it, however deep, is one of the person's. */
export function isOfPerson({ id, email, phone }: Customer, ...values: unknown[]): boolean {
	const texts = new Set([id, phone, ...(id === null ? [] : [`gid://shopify/Customer/${id}`])]);
	const address = email?.toLowerCase();
	const pending = [...values];
	while (pending.length > 0) {
		const value = pending.pop();
		if (typeof value === 'string') {
			if (texts.has(value) || (address !== undefined && value.toLowerCase() === address)) return true;
		} else if (typeof value === 'number') {
			if (String(value) === id) return true;
		} else if (typeof value === 'object' && value !== null) {
			for (const child of Object.values(value)) pending.push(child);
		}
	}
	return false;
}
