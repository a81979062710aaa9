/**
 * The settings, and the only place that reads the environment: what is read here is passed down as values. All faults
 * are reported at once, each by the name of its setting. `.env.example` names every setting with its default.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { StartupError } from './errors.ts';
import { isLoopback } from './http/origin.ts';

/** A whole number in decimal digits: `Number()` alone would also take '', '0x10' and '1e3'. */
function whole(min: number, max: number, fallback: number) {
	const message = `must be a whole number from ${min} to ${max}`;
	return z
		.string()
		.regex(/^\d{1,15}$/, message)
		.transform(Number)
		.refine((value) => value >= min && value <= max, message)
		.default(fallback);
}

const origins = z
	.string()
	.transform((text) => text.split(',').map((part) => part.trim()))
	.pipe(
		z.array(
			z
				.string()
				.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
					message: 'must be origins such as https://monitor.example.com, with commas between them'
				})
				.transform((text) => new URL(text).origin)
		)
	);

const Settings = z.object({
	/** The address to listen on. Others than this machine's own need ALLOW_OPEN_DASHBOARD=1. */
	HOST: z.string().default('127.0.0.1'),
	/** The port to listen on; 0 lets the system choose. */
	PORT: whole(0, 65_535, 3000),
	/** PostgreSQL 15 or newer. Unset: one of its own, in DATA_DIR. */
	DATABASE_URL: z
		.string()
		.regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
		.optional(),
	/** Where the own PostgreSQL keeps its data. Relative to the project's folder. */
	DATA_DIR: z.string().default('./data'),
	/** 1 lets anybody who reaches HOST see and send everything: there is no access control. */
	ALLOW_OPEN_DASHBOARD: z
		.enum(['0', '1'], 'must be 0 or 1')
		.default('0')
		.transform((flag) => flag === '1'),
	LOG_LEVEL: z
		.enum(
			['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
			'must be trace, debug, info, warn, error, fatal or silent'
		)
		.default('info'),
	/** auto takes uWebSockets.js where it loads, and Node's own server where it does not. */
	HTTP_SERVER: z.enum(['auto', 'uws', 'node'], 'must be auto, uws or node').default('auto'),
	/** The demo shop at /demo, which sends real events: auto has it where HOST is this machine's own. */
	DEMO: z.enum(['auto', '0', '1'], 'must be auto, 0 or 1').default('auto'),
	/** A session without an event for so long is closed. */
	SESSION_TIMEOUT_SECONDS: whole(10, 86_400, 600),
	/** Further origins of the pages, as behind a proxy, with commas between them. */
	PUBLIC_ORIGINS: origins.default([]),
	/** Events that may wait for a commit before further ones are answered 503. */
	MAX_QUEUED_EVENTS: whole(1_000, 10_000_000, 50_000),
	/** The same in bytes of their requests. */
	MAX_QUEUED_BYTES: whole(1_048_576, 4_294_967_296, 67_108_864),
	/** How long a request waits for its commit, retries included, before it is answered 503. */
	REQUEST_DEADLINE_MS: whole(100, 60_000, 10_000)
});

/** The names of all settings. */
export const SETTINGS = Settings.keyof().options;

export interface Config {
	host: string;
	port: number;
	/** Undefined: the embedded server. */
	databaseUrl: string | undefined;
	/** Absolute. */
	dataDir: string;
	logLevel: z.output<typeof Settings>['LOG_LEVEL'];
	httpServer: 'auto' | 'uws' | 'node';
	/** Whether there is a demo shop. */
	demo: boolean;
	sessionTimeoutMs: number;
	publicOrigins: string[];
	maxQueuedEvents: number;
	maxQueuedBytes: number;
	requestDeadlineMs: number;
}

/**
 * Reads the settings from the environment, and from `.env` in the working directory what the environment leaves open.
 * @throws StartupError with one line a fault
 */
export function readConfig(env: NodeJS.ProcessEnv = { ...dotEnv('.env'), ...process.env }): Config {
	// An empty value is how shells and compose files say that there is none.
	const given = Object.fromEntries(
		SETTINGS.flatMap((name) => {
			const value = env[name]?.trim();
			return value ? [[name, value]] : [];
		})
	);
	const parsed = Settings.safeParse(given);
	if (!parsed.success) {
		const faults = parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`);
		throw new StartupError([...new Set(faults)].join('\n'));
	}
	const values = parsed.data;
	const isOwnAddress = values.HOST === 'localhost' || isLoopback(values.HOST);
	if (!values.ALLOW_OPEN_DASHBOARD && !isOwnAddress) {
		throw new StartupError(
			`HOST=${values.HOST} would show everything to everybody who reaches it, because there is no access control yet. ` +
				'Set ALLOW_OPEN_DASHBOARD=1 if that is what you want.'
		);
	}
	return {
		host: values.HOST,
		port: values.PORT,
		databaseUrl: values.DATABASE_URL,
		dataDir: resolve(values.DATA_DIR),
		logLevel: values.LOG_LEVEL,
		httpServer: values.HTTP_SERVER,
		demo: values.DEMO === 'auto' ? isOwnAddress : values.DEMO === '1',
		sessionTimeoutMs: values.SESSION_TIMEOUT_SECONDS * 1000,
		publicOrigins: values.PUBLIC_ORIGINS,
		maxQueuedEvents: values.MAX_QUEUED_EVENTS,
		maxQueuedBytes: values.MAX_QUEUED_BYTES,
		requestDeadlineMs: values.REQUEST_DEADLINE_MS
	};
}

function dotEnv(file: string): NodeJS.Dict<string> {
	return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}
