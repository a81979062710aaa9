/**
 * The settings, and the only place that reads the environment: what is read here is passed down as values. All faults
 * are reported at once, each by the name of its setting. `.env.example` names every setting with its default.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import {
	bucketOf,
	type ArchiveLocation,
	type BucketLocation,
	type FolderLocation,
	type GoogleCredentials
} from './archive/location.ts';
import { StartupError } from './errors.ts';
import type { Reach } from './access/asking.ts';
import { isPasswordHash, LONGEST_PASSWORD, SHORTEST_PASSWORD } from './access/passwords.ts';
import { isNetwork } from './http/client.ts';
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

/** Without what only other settings say. */
function placeOf(url: string): FolderLocation | Pick<BucketLocation, 'kind' | 'bucket' | 'prefix'> | null {
	if (!/^file:\/\/\/./.test(url)) return bucketOf(url);
	try {
		return { kind: 'folder', folder: fileURLToPath(url) };
	} catch {
		return null;
	}
}

/** Never says what it read: it is a secret. */
function credentialsOf(json: string): GoogleCredentials | null {
	try {
		return KeyFile.parse(JSON.parse(json));
	} catch {
		return null;
	}
}

const KeyFile = z.looseObject({
	type: z.string(),
	client_email: z.string().exactOptional(),
	private_key: z.string().exactOptional()
});

const Settings = z.object({
	/** The address to listen on. Others than this machine's own need a way to log in. */
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
	/** The password of the user "admin", or what `npm run cli -- password` makes of it. Set, everybody has to log in. */
	ADMIN_PASSWORD: z
		.string()
		.refine(
			(text) => isPasswordHash(text) || (text.length >= SHORTEST_PASSWORD && text.length <= LONGEST_PASSWORD),
			`must have ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`
		)
		.optional(),
	/** 1 prints a link at the start that makes the first user, as long as there is none. */
	SETUP_LINK: z
		.enum(['0', '1'], 'must be 0 or 1')
		.default('0')
		.transform((flag) => flag === '1'),
	/** Addresses and networks of proxies, with commas between them: they alone may say for whom they ask. */
	TRUSTED_PROXIES: z
		.string()
		.transform((text) => text.split(',').map((part) => part.trim()))
		.pipe(z.array(z.string().refine(isNetwork, 'must be addresses or networks such as 127.0.0.1,10.0.0.0/8')))
		.default([]),
	/** The app's client secret, with which Shopify signs its compliance webhooks. Unset: none is taken. */
	SHOPIFY_API_SECRET: z.string().min(8, 'must be at least 8 characters').optional(),
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
	REQUEST_DEADLINE_MS: whole(100, 60_000, 10_000),
	/** Requests a second that one address may send to the event endpoint, ten seconds' worth of them at once; 0: no limit. */
	INGEST_REQUESTS_PER_SECOND: whole(0, 1_000_000, 100),
	/** The same of one write key, from however many addresses. */
	KEY_REQUESTS_PER_SECOND: whole(0, 1_000_000, 1_000),
	/** Where every commit's events are archived: gs://bucket/prefix, or file:///folder. Unset: a folder in DATA_DIR. */
	ARCHIVE_URL: z
		.string()
		.transform(placeOf)
		.refine((place) => place !== null, 'must be like gs://bucket/prefix or file:///folder')
		.optional(),
	/** Commits are joined to objects of about so many bytes, */
	ARCHIVE_OBJECT_BYTES: whole(1_024, 67_108_864, 4_194_304),
	/** and what waits for so long is archived, however little it is. */
	ARCHIVE_MAX_AGE_SECONDS: whole(0, 86_400, 60),
	/** Months before the current one that the log keeps; older ones leave it once the archive has them. 0 keeps all. */
	RETENTION_MONTHS: whole(0, 1_200, 12),
	/** Of the storage API, where it is not Google's own: an emulator, or a private address. */
	ARCHIVE_ENDPOINT: z
		.string()
		.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
			message: 'must be a URL such as https://storage.example.com'
		})
		.optional(),
	/** A file with Google's credentials. Unset: what Google's libraries find by themselves. */
	GOOGLE_APPLICATION_CREDENTIALS: z
		.string()
		.refine(existsSync, 'names a file that is not there')
		.transform((file) => resolve(file))
		.optional(),
	/** The same as JSON, for where there are no files. */
	GOOGLE_CREDENTIALS_JSON: z
		.string()
		.transform(credentialsOf)
		.refine((credentials) => credentials !== null, 'must be the JSON of a key file of Google')
		.optional()
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
	/** How others can reach the server. */
	reach: Reach;
	/** A password or its hash. */
	adminPassword: string | undefined;
	setupLink: boolean;
	sessionTimeoutMs: number;
	maxQueuedEvents: number;
	maxQueuedBytes: number;
	requestDeadlineMs: number;
	/** Of one address; 0: no limit. */
	ingestRequestsPerSecond: number;
	/** Of one write key; 0: no limit. */
	keyRequestsPerSecond: number;
	archive: ArchiveConfig;
	retentionMonths: number;
	/** Null: Shopify's webhooks are not taken. */
	shopifyApiSecret: string | null;
}

export interface ArchiveConfig {
	location: ArchiveLocation;
	objectBytes: number;
	maxAgeMs: number;
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
	return {
		host: values.HOST,
		port: values.PORT,
		databaseUrl: values.DATABASE_URL,
		dataDir: resolve(values.DATA_DIR),
		logLevel: values.LOG_LEVEL,
		httpServer: values.HTTP_SERVER,
		demo: values.DEMO === 'auto' ? isOwnAddress : values.DEMO === '1',
		reach: {
			listensHereAlone: isOwnAddress,
			publicOrigins: values.PUBLIC_ORIGINS,
			trustedProxies: values.TRUSTED_PROXIES
		},
		adminPassword: values.ADMIN_PASSWORD,
		setupLink: values.SETUP_LINK,
		sessionTimeoutMs: values.SESSION_TIMEOUT_SECONDS * 1000,
		maxQueuedEvents: values.MAX_QUEUED_EVENTS,
		maxQueuedBytes: values.MAX_QUEUED_BYTES,
		requestDeadlineMs: values.REQUEST_DEADLINE_MS,
		ingestRequestsPerSecond: values.INGEST_REQUESTS_PER_SECOND,
		keyRequestsPerSecond: values.KEY_REQUESTS_PER_SECOND,
		archive: {
			location: archiveLocation(values),
			objectBytes: values.ARCHIVE_OBJECT_BYTES,
			maxAgeMs: values.ARCHIVE_MAX_AGE_SECONDS * 1000
		},
		retentionMonths: values.RETENTION_MONTHS,
		shopifyApiSecret: values.SHOPIFY_API_SECRET ?? null
	};
}

function archiveLocation(values: z.output<typeof Settings>): ArchiveLocation {
	const place = values.ARCHIVE_URL ?? { kind: 'folder', folder: resolve(values.DATA_DIR, 'archive') };
	if (place.kind === 'folder') return place;
	return {
		...place,
		endpoint: values.ARCHIVE_ENDPOINT,
		credentials: values.GOOGLE_CREDENTIALS_JSON,
		keyFile: values.GOOGLE_APPLICATION_CREDENTIALS
	};
}

function dotEnv(file: string): NodeJS.Dict<string> {
	return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}
