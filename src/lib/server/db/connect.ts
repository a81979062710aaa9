/**
 * The one way to a PostgreSQL pool. It guarantees what the library leaves open: a lost connection neither hangs, nor
 * mixes answers up, nor ends the process (wire.ts, arrays.ts), a lost server is tried again within a second, nothing
 * waits for a connection longer than five, a pool that is ended ends, and a failure at start is one line that never
 * shows the password.
 */
import postgres from 'postgres';
import { StartupError } from '../errors';
import { ARRAY_TYPES, arrayLiteral, parseArray } from './arrays';
import { Wire } from './wire';

/** A pool of connections. int8 and numeric come back as strings: money and counts must not pass through a float. */
export type Sql = postgres.Sql;

export interface ConnectOptions {
	/** `postgres://user:password@host:port/database`, with the library's `sslmode` and multi-host forms. */
	url: string;
	/** Shown in pg_stat_activity, so that a DBA knows who holds what. */
	application: string;
	/** Connections at most; opened when needed. Default 4. */
	max?: number;
	/** Seconds after which a connection is replaced, with the plans that it has gathered. Default: never. */
	maxLifetimeS?: number;
	/** Session settings of every connection, such as `statement_timeout` (milliseconds). */
	settings?: Partial<postgres.ConnectionParameters>;
	/** Hears the server's notices; silent without it. */
	onNotice?: (message: string) => void;
	/** Called each time a connection of the pool is gone. */
	onClose?: () => void;
}

const CONNECT_TIMEOUT_S = 5;
const MAX_BACKOFF_S = 0.5;
/** What an end waits for statements under way, where the caller names no timeout. */
const END_TIMEOUT_S = 5;

/**
 * Makes a pool; connects with the first query.
 * @throws StartupError when the URL cannot be read.
 */
export function connect(options: ConnectOptions): Sql {
	const settings = {
		max: options.max ?? 4,
		prepare: true,
		connect_timeout: CONNECT_TIMEOUT_S,
		// The library's own goes up to 20 s, long after a restarted server is back.
		backoff: (attempt: number) => Math.min(0.02 * 2 ** attempt, MAX_BACKOFF_S),
		// The library recycles connections after 30 to 60 minutes; here that only cools their prepared statements.
		max_lifetime: options.maxLifetimeS ?? null,
		// See arrays.ts.
		fetch_types: false,
		connection: { ...asTexts(options.settings), application_name: options.application },
		onnotice: (notice: postgres.Notice) => options.onNotice?.(notice.message ?? ''),
		onclose: () => options.onClose?.()
	};
	try {
		// Nothing connects before the first query, so a first pool is a cheap way to the library's reading of the URL.
		const parsed = postgres(options.url, { ...settings }).options;
		return withEnd(withArrays(postgres(options.url, withWires(settings, parsed))));
	} catch (cause) {
		throw new StartupError('DATABASE_URL is not a URL like postgres://user:password@host:5432/database', { cause });
	}
}

/** The library leaves out what is 0 or false, as if it had not been set. */
function asTexts(settings: Partial<postgres.ConnectionParameters> = {}): Record<string, string> {
	return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

/** The wire does TLS itself, so that it stays the one that reports the end of a connection. */
function withWires<Settings extends object>(settings: Settings, parsed: postgres.ParsedOptions) {
	const { host: hosts, port: ports, ssl } = parsed;
	const directTls = 'sslnegotiation' in parsed && parsed.sslnegotiation === 'direct';
	const path = socketPath(parsed);
	let turn = 0;
	// One host after the other, as the library does it when a URL names several.
	const socket = () => {
		const at = turn++ % hosts.length;
		return new Wire({ host: hosts[at] ?? 'localhost', port: ports[at] ?? 5432, path, ssl, directTls });
	};
	return { ...settings, ssl: false, socket };
}

function withArrays(sql: Sql): Sql {
	const { parsers, serializers } = sql.options;
	for (const [key, array] of Object.entries(ARRAY_TYPES)) {
		const parse = parsers[Number(key)] ?? ((text: string) => text);
		const serialize = serializers[Number(key)] ?? asText;
		parsers[array] = (literal: string) => parseArray(literal, parse);
		serializers[array] = (values: unknown) =>
			Array.isArray(values) ? arrayLiteral(values, (value) => asText(serialize(value))) : values;
	}
	// What sql.array() looks types up in; the library fills it where it asks the server.
	if ('shared' in sql.options && sql.options.shared instanceof Object) {
		Object.assign(sql.options.shared, { typeArrayMap: ARRAY_TYPES });
	}
	return sql;
}

/** The library waits for ever for a connection that was lost under its statement, although that was failed. */
function withEnd(sql: Sql): Sql {
	const end = sql.end.bind(sql);
	return Object.assign(sql, {
		end: ({ timeout = END_TIMEOUT_S }: { timeout?: number | undefined } = {}) => end({ timeout })
	});
}

function asText(value: unknown): string {
	if (typeof value === 'string') return value;
	return typeof value === 'number' || typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

const OLDEST_SERVER = 150_000;

/**
 * Proves at start that the server answers and is PostgreSQL 15 or newer.
 * @throws StartupError otherwise.
 */
export async function requirePostgres15(sql: Sql): Promise<void> {
	let row: { number: number; version: string } | undefined;
	try {
		[row] = await sql<{ number: number; version: string }[]>`
			select current_setting('server_version_num')::int as number, current_setting('server_version') as version`;
	} catch (error) {
		throw connectionFault(error, sql);
	}
	if (!row || row.number < OLDEST_SERVER) {
		throw new StartupError(
			`The database at ${place(sql)} is PostgreSQL ${row?.version ?? 'of unknown version'}; 15 or newer is needed.`
		);
	}
}

/** Turns a failure of the first connection into one line for the operator, without the password. */
export function connectionFault(error: unknown, sql: Sql): StartupError {
	if (error instanceof StartupError) return error;
	const at = place(sql);
	const user = sql.options.user;
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	const known: Record<string, string> = {
		ECONNREFUSED: `Nothing listens at ${at}: connection refused. Is PostgreSQL running there?`,
		ENOTFOUND: `The host of the database ${at} is unknown.`,
		EAI_AGAIN: `The host of the database ${at} cannot be looked up now.`,
		ENOENT: `There is no PostgreSQL socket at ${at}.`,
		CONNECT_TIMEOUT: `The database at ${at} did not answer within ${CONNECT_TIMEOUT_S} seconds.`,
		ETIMEDOUT: `The database at ${at} did not answer.`,
		'28P01': `The database at ${at} refused the password of user "${user}".`,
		'28000': `The database at ${at} refused user "${user}".`,
		'3D000': `There is no database "${sql.options.database}" at ${at}.`,
		'53300': `The database at ${at} has no connection left.`,
		'57P03': `The database at ${at} is starting up or shutting down; try again in a moment.`
	};
	const message = error instanceof Error ? error.message : String(error);
	const line = known[code] ?? `The database at ${at} cannot be used: ${withoutPassword(message, sql)}`;
	return new StartupError(line, { cause: error });
}

/** The server as host:port/database. */
function place({ options }: Sql): string {
	const where = socketPath(options) ?? options.host.map((host, at) => `${host}:${options.port[at] ?? 5432}`).join(',');
	return `${where}/${options.database}`;
}

/** Of a unix socket; the library says false or nothing where there is none. */
function socketPath(options: { path?: unknown }): string | undefined {
	return typeof options.path === 'string' && options.path !== '' ? options.path : undefined;
}

function withoutPassword(message: string, { options }: Sql): string {
	const password: unknown = options.pass;
	const line = message.replace(/\s+/g, ' ');
	return typeof password === 'string' && password !== '' ? line.replaceAll(password, '***') : line;
}
