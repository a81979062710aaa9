/**
 * Who did what: a table that only grows. Whatever people change of who may what is noted by the statement that changes it
 * (`noted`), so that neither is there without the other. What is done to events is noted by the next statement, before the
 * answer that it was done (`note`): an acknowledgement or a price is an event, which is committed with others and says who
 * sent it; a backfill and an erasure are jobs of their own, with the time at which they were asked for.
 */
import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '../db/connect';
import type { Visitor } from './visitor';

/** Everything that is kept of what people do, by the word that stands in the table. */
export const ACTIONS = [
	'login.succeeded',
	'login.failed',
	'login.ended',
	'user.invited',
	'user.joined',
	'user.changed',
	'user.disabled',
	'user.enabled',
	'password.changed',
	'invitation.revoked',
	'screen.created',
	'screen.changed',
	'screen.revoked',
	'screen.reloaded',
	'display.opened',
	'display.ended',
	'key.created',
	'key.rotated',
	'key.revoked',
	'key.mode',
	'token.created',
	'token.revoked',
	'error.acknowledged',
	'error.resolved',
	'error.reopened',
	'price.set',
	'price.taken_back',
	'rejected.replayed',
	'backfill.started',
	'backfill.steered',
	'erasure.started',
	'data_request.answered'
] as const;
export type Action = (typeof ACTIONS)[number];

/** Who does something, and from where. */
export interface Actor {
	visitor: Pick<Visitor, 'kind' | 'id' | 'name'>;
	/** Of the client. */
	address: string | null;
}

export interface Entry {
	action: Action;
	/** What it was done to, as people call it. */
	object?: string | null;
	/** More, and never a secret. */
	detail?: Record<string, string | number | boolean | string[] | null>;
}

const LONGEST = 300;

/** Puts what somebody did into the audit. */
export async function note(sql: Sql, { visitor, address }: Actor, { action, object, detail }: Entry): Promise<void> {
	await sql`
		insert into audit (actor_kind, actor_id, actor, address, action, object, detail)
		values (
			${visitor.kind}, ${visitor.id}, ${clean(visitor.name)}, ${address}, ${action},
			${object === undefined || object === null ? null : clean(object)}, ${JSON.stringify(detail ?? {})}::text::jsonb
		)`;
}

/** A part of a statement. */
type Part = PendingQuery<Row[]>;

/** What a statement did: what is known of it only by what it returns is SQL. */
interface Deed {
	action: Action;
	object?: string | null | Part;
	detail?: Entry['detail'] | Part;
}

/**
 * The part of a statement that notes what another part of it did: once for each row of that part.
 * @param done what the rows come from, such as sql`changed`
 */
export function noted(sql: Sql, { visitor, address }: Actor, deed: Deed, done: Part) {
	const object = typeof deed.object === 'string' ? clean(deed.object) : (deed.object ?? null);
	const { detail = {} } = deed;
	return sql`noted as (
		insert into audit (actor_kind, actor_id, actor, address, action, object, detail)
		select
			${visitor.kind}, ${visitor.id}, ${clean(visitor.name)}, ${address}, ${deed.action}, ${object},
			${isQuery(detail) ? detail : sql`${JSON.stringify(detail)}::text::jsonb`}
		from ${done}
	)`;
}

function isQuery(detail: NonNullable<Deed['detail']>): detail is Part {
	return detail instanceof Promise;
}

/** Whoever runs a command on the machine itself. */
export const AT_THE_COMMAND_LINE: Actor = {
	visitor: { kind: 'open', id: null, name: 'command line' },
	address: null
};

/** A request as SvelteKit hands it to a route. */
interface RouteEvent {
	locals: { visitor: Actor['visitor']; pipeline: { access: { sql: Sql } } };
	getClientAddress: () => string;
}

/** Who sends a request. */
export function actorOf({ locals: { visitor }, getClientAddress }: RouteEvent): Actor {
	return { visitor, address: getClientAddress() };
}

/** Puts what a request did into the audit. */
export function noteOf(event: RouteEvent, entry: Entry): Promise<void> {
	return note(event.locals.pipeline.access.sql, actorOf(event), entry);
}

/** The same of an erasure. What is to be forgotten is not named: this table keeps everything. */
export function noteErasure(event: RouteEvent, erasure: Erasing): Promise<void> {
	return noteOf(event, erasureEntry(erasure));
}

/** An erasure in the audit. */
export function erasureEntry({ id, kind, subjectHash }: Erasing): Entry {
	return { action: 'erasure.started', object: id, detail: { kind, subject: subjectHash.slice(0, 12) } };
}

interface Erasing {
	id: string;
	kind: string;
	/** Hex. */
	subjectHash: string;
}

function clean(text: string): string {
	return text.replaceAll('\0', '\uFFFD').toWellFormed().slice(0, LONGEST);
}
