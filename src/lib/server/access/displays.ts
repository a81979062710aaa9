/**
 * Displays: browsers that opened a screen's link, known by a cookie. One lasts as long as its screen: a wall may be
 * switched off for a summer. It sees what its screen may see, and that alone.
 */
import type { Sql } from '../db/connect';
import { noted, type Actor } from './audit';
import { hashOf, newId, newSecret } from './secrets';
import type { Visitor } from './visitor';

/** As long as browsers keep a cookie; each page of the wall renews it. */
export const DISPLAY_COOKIE_S = 400 * 24 * 3600;
const LONGEST_AGENT = 500;
const LONGEST_BUILD = 80;
/** More than any screen has, in CSS pixels. */
const LARGEST = 100_000;

interface DisplayRow {
	display: string;
	id: string;
	name: string;
	shops: string[] | null;
	masked: boolean;
}

/** What a display says of itself. */
export interface DisplaySaid {
	build: string;
	width: number;
	height: number;
}

/** Who has this cookie; null when the display was ended, or its screen is over. */
export async function visitorOfDisplay(sql: Sql, secret: string): Promise<Visitor | null> {
	const [row] = await displays(sql, sql`displays.token_hash = ${hashOf(secret)}`);
	return row ? visitor(row) : null;
}

/** Which of these displays still hold, with what they see now. */
export async function aliveDisplays(sql: Sql, ids: string[]): Promise<Map<string, Visitor>> {
	if (ids.length === 0) return new Map();
	const rows = await displays(sql, sql`displays.id = any(${ids}::text[])`);
	return new Map(rows.map((row) => [row.display, visitor(row)]));
}

/** Opens a screen in a browser. @returns the display's secret, for the cookie alone; null when the screen is over */
export async function openDisplay(
	sql: Sql,
	screenId: string,
	{ address, userAgent }: { address: string; userAgent: string | null },
	by: Actor
): Promise<string | null> {
	const secret = newSecret();
	const made = await sql`
		with screen as (
			select id, name from screens where id = ${screenId} and ${isAlive(sql)}
		), made as (
			insert into displays (id, token_hash, screen_id, address, user_agent)
			select ${newId()}, ${hashOf(secret)}, id, ${address}, ${userAgent?.slice(0, LONGEST_AGENT) ?? null} from screen
			returning id
		), ${noted(sql, by, { action: 'display.opened', object: sql`name` }, sql`screen`)}
		select id from made`;
	return made.length > 0 ? secret : null;
}

/** Ends a display. @returns its screen's name; null when there is none that goes on */
export async function endDisplay(sql: Sql, displayId: string, by: Actor): Promise<string | null> {
	const [ended] = await sql<{ name: string }[]>`
		with ended as (
			update displays set ended_at = now()
			from screens
			where displays.id = ${displayId} and displays.ended_at is null and screens.id = displays.screen_id
			returning screens.name
		), ${noted(sql, by, { action: 'display.ended', object: sql`name` }, sql`ended`)}
		select name from ended`;
	return ended?.name ?? null;
}

/** What a display says of itself, read; null when it makes no sense. */
export function readSaid(said: unknown): DisplaySaid | null {
	if (typeof said !== 'object' || said === null || !('build' in said && 'width' in said && 'height' in said))
		return null;
	const { build, width, height } = said;
	if (typeof build !== 'string' || build === '' || build.length > LONGEST_BUILD || build.includes('\0')) return null;
	const isSize = (size: unknown): size is number =>
		Number.isInteger(size) && Number(size) > 0 && Number(size) < LARGEST;
	return isSize(width) && isSize(height) ? { build: build.toWellFormed(), width, height } : null;
}

/** A display's heartbeat. @returns which it was, for leftDisplay; null when there is no such display any more */
export async function heardOfDisplay(
	sql: Sql,
	id: string,
	{ build, width, height }: DisplaySaid
): Promise<string | null> {
	const [heard] = await sql<{ beat: string }[]>`
		update displays set seen_at = clock_timestamp(), left_at = null, build = ${build}, width = ${width}, height = ${height}
		where id = ${id} and ended_at is null
		returning seen_at::text as beat`;
	return heard?.beat ?? null;
}

/**
 * The socket of a display is closed. One that has come again meanwhile, on whichever process, is still there.
 * @param beat the last heartbeat that came by that socket
 */
export async function leftDisplay(sql: Sql, id: string, beat: string): Promise<void> {
	await sql`update displays set left_at = now() where id = ${id} and seen_at = ${beat}::text::timestamptz`;
}

function displays(sql: Sql, which: ReturnType<Sql>): Promise<DisplayRow[]> {
	return sql<DisplayRow[]>`
		select displays.id as display, screens.id, screens.name, screens.shops, screens.masked
		from displays
		join screens on screens.id = displays.screen_id
		where ${which} and displays.ended_at is null and ${isAlive(sql)}`;
}

function isAlive(sql: Sql) {
	return sql`screens.revoked_at is null and (screens.expires_at is null or screens.expires_at > now())`;
}

function visitor({ display, ...screen }: DisplayRow): Visitor {
	return { ...screen, kind: 'screen', role: null, scopes: [], login: display };
}
