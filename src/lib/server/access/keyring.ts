/**
 * The write keys in memory, so that no request waits for the database because of them. They are read anew when one changes
 * and once a minute; what is known stays when that fails. When a key was last used is noted at most once a minute.
 */
import type { Logger } from 'pino';
import type { Sql } from '../db/connect';
import type { Keyring, Sender, WriteKey } from '../ingest/keys';
import type { KeyMode } from './keys';
import { keyLimit, type KeyLimit } from './limits';

export interface KeyringOptions {
	sql: Sql;
	/** Has it called when keys may have changed, and once a minute. */
	onChange: (listener: () => void) => () => void;
	/** That one key may vouch for; 0: as many as come. */
	requestsPerSecond: number;
	log: Pick<Logger, 'warn'>;
}

const NOTED_EACH_MS = 60_000;

/** Reads the keys, and keeps them as they are from then on, until stop(). */
export async function startKeyring(options: KeyringOptions): Promise<DatabaseKeyring> {
	const keyring = new DatabaseKeyring(options);
	await keyring.renew();
	return keyring;
}

class DatabaseKeyring implements Keyring {
	readonly #options: KeyringOptions;
	readonly #stop: () => void;
	#mode: KeyMode | null = null;
	#byId = new Map<string, WriteKey>();
	#byHash = new Map<string, WriteKey>();
	/** When a use, or a leak, was last told of, by the key's id. */
	readonly #usedAt = new Map<string, number>();
	readonly #leakedAt = new Map<string, number>();
	readonly #limit: KeyLimit;

	constructor(options: KeyringOptions) {
		this.#options = options;
		this.#limit = keyLimit(options.requestsPerSecond);
		this.#stop = options.onChange(() => {
			this.renew().catch((error: unknown) => options.log.warn({ err: error }, 'the write keys could not be read'));
		});
	}

	/** What becomes of events without a key; null while nobody has ever made one. */
	mode(): KeyMode | null {
		return this.#mode;
	}

	byId(id: string): WriteKey | undefined {
		return this.#byId.get(id);
	}

	byHash(tokenHash: string): WriteKey | undefined {
		return this.#byHash.get(tokenHash);
	}

	used({ id }: Pick<WriteKey, 'id'>): void {
		if (!isDue(this.#usedAt, id)) return;
		const { sql, log } = this.#options;
		// Nobody waits for it.
		sql`update write_keys set last_used_at = now() where id = ${id}`.catch((error: unknown) => {
			log.warn({ err: error }, 'the use of a write key could not be noted');
		});
	}

	leaked({ id }: Pick<WriteKey, 'id'>): void {
		if (!isDue(this.#leakedAt, id)) return;
		this.#options.log.warn({ key: id }, 'the secret of a server’s write key was in a browser: rotate or revoke it');
	}

	take({ id }: Pick<WriteKey, 'id'>, sender: Sender): number {
		const { address } = sender;
		return this.#limit.take(id, { address, headers: { get: (name) => sender.header(name) ?? null } });
	}

	async renew(): Promise<void> {
		const [settings] = await this.#options.sql<{ mode: KeyMode; isOn: boolean; keys: WriteKey[] }[]>`
			select
				key_mode as mode,
				exists (select from write_keys) as "isOn",
				(
					select coalesce(json_agg(json_build_object(
						'id', id, 'shop', shop, 'kind', kind, 'tokenHash', encode(token_hash, 'hex'), 'secret', secret,
						'origins', origins, 'expiresAt', extract(epoch from expires_at)::float8 * 1000
					)), '[]')
					from write_keys where revoked_at is null and (expires_at is null or expires_at > now())
				) as keys
			from access_settings`;
		if (!settings) return;
		this.#byId = new Map(settings.keys.map((key) => [key.id, key]));
		this.#byHash = new Map(settings.keys.map((key) => [key.tokenHash, key]));
		this.#mode = settings.isOn ? settings.mode : null;
	}

	stop(): void {
		this.#stop();
	}
}

/** Whether something was not done for this key within the last minute; from now on it was. */
function isDue(doneAt: Map<string, number>, id: string): boolean {
	const now = performance.now();
	const last = doneAt.get(id);
	if (last !== undefined && now - last < NOTED_EACH_MS) return false;
	doneAt.set(id, now);
	return true;
}
