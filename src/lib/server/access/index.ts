/**
 * Who is who. It guarantees that nothing is open to anybody but programs of this machine unless somebody can log in; that
 * a right is what the database says at that moment; and that what is connected hears of a change within a second, or at
 * the latest within a minute.
 */
import type { Logger } from 'pino';
import { StartupError } from '../errors';
import type { Sql } from '../db/connect';
import { openEar } from '../listen/ear';
import { bearerOf, cookieName, isAtTheMachine, isHereAlone, type Asking, type Reach } from './asking';
import { Buckets } from './buckets';
import { aliveDisplays, visitorOfDisplay } from './displays';
import { inviteFirst } from './invitations';
import { networkOf } from './limits';
import { aliveLogins, visitorOfLogin } from './logins';
import { nextExpiry, RELOAD_CHANNEL } from './screens';
import { aliveTokens, visitorOfToken } from './tokens';
import { ADMIN, anybody, applyAdminPassword, hasAdminPassword, readName } from './users';
import { AT_THE_MACHINE, NOBODY, type Visitor } from './visitor';

export interface AccessOptions {
	url: string;
	/** A pool of the same database. */
	sql: Sql;
	reach: Reach;
	/** ADMIN_PASSWORD: a password, or its hash. */
	adminPassword: string | undefined;
	/** Whether the first user is made by a link that is printed at the start. */
	setupLink: boolean;
	log: Pick<Logger, 'info' | 'warn'>;
}

export interface Access {
	/** For the parts of access that pages use. */
	sql: Sql;
	reach: Reach;
	/** Whether whoever is at the machine sees and may do all, because nobody can log in. */
	isOpen(): boolean;
	/** Who asks. Rejects when the database cannot be read and who asks is not known without it. */
	visitor(asking: Asking): Promise<Visitor>;
	/** The same visitors as they are now, in their order; null: they may no longer be here. */
	again(visitors: readonly Visitor[]): Promise<(Visitor | null)[]>;
	/** One attempt to log in. @returns 0 when it may be made, else the seconds until then */
	attempts(name: string, address: string): number;
	/** Has the listener called when rights may have changed, and once a minute. @returns how to end that */
	onChange(listener: () => void): () => void;
	/** Has the listener called when a screen is to be loaded anew, with its id. @returns how to end that */
	onReload(listener: (screenId: string) => void): () => void;
	/** Whether somebody can log in. */
	hasUsers: boolean;
	/** With SETUP_LINK and nobody who can log in: a new link for the first user, and the end of earlier ones. Else null. */
	setupLink(address: string): Promise<string | null>;
	/** Looks again at once whether anybody can log in. */
	renew(): Promise<void>;
	stop(): void;
}

const LOOK_AGAIN_MS = 60_000;
/** One may mistype; a program that guesses may not go on. Of an account from one address, and from all; and of an address. */
const ATTEMPTS = {
	accountFromAddress: { perSecond: 1 / 30, burst: 8 },
	account: { perSecond: 1 / 3, burst: 60 },
	address: { perSecond: 1 / 10, burst: 30 }
};

/**
 * Reads who there is.
 * @throws StartupError when others reach the server and nobody could log in
 */
export async function startAccess(options: AccessOptions): Promise<Access> {
	const { sql, reach, setupLink, adminPassword, log } = options;
	if (adminPassword !== undefined) await applyAdminPassword(sql, adminPassword);
	else if (await hasAdminPassword(sql)) {
		log.warn(
			`ADMIN_PASSWORD is not set: the user ${ADMIN} keeps the password that it was; "npm run cli -- user disable --name ${ADMIN}" ends that`
		);
	}
	const access = new DatabaseAccess(options, await anybody(sql));
	if (!isHereAlone(reach) && !access.hasUsers && !setupLink) {
		access.stop();
		throw new StartupError(
			'Others can reach this server (by HOST, PUBLIC_ORIGINS or TRUSTED_PROXIES), and nobody could log in: set ADMIN_PASSWORD, ' +
				'or SETUP_LINK=1 for a link that makes the first user.'
		);
	}
	return access;
}

class DatabaseAccess implements Access {
	readonly sql: Sql;
	readonly reach: Reach;
	hasUsers: boolean;
	readonly #setupLink: boolean;
	readonly #listeners = new Set<() => void>();
	readonly #reloads = new Set<(screenId: string) => void>();
	/** Looks again when the next screen's time is over. */
	#expiry: NodeJS.Timeout | undefined;
	readonly #ofAccountFromAddress = new Buckets(ATTEMPTS.accountFromAddress);
	readonly #ofAccount = new Buckets(ATTEMPTS.account);
	readonly #ofAddress = new Buckets(ATTEMPTS.address);
	readonly #stop: () => void;

	constructor({ url, sql, reach, setupLink, log }: AccessOptions, hasUsers: boolean) {
		this.sql = sql;
		this.reach = reach;
		this.hasUsers = hasUsers;
		this.#setupLink = setupLink;
		const lookAgain = () => void this.#lookAgain(log);
		const ear = openEar({
			url,
			application: 'control-room access',
			channels: {
				access: lookAgain,
				[RELOAD_CHANNEL]: (screenId) => {
					for (const listener of this.#reloads) listener(screenId);
				}
			},
			onListening: lookAgain,
			onFault: (error) => log.warn({ err: error }, 'changes of access are not heard; they are looked for each minute')
		});
		const timer = setInterval(lookAgain, LOOK_AGAIN_MS);
		timer.unref();
		this.#stop = () => {
			clearInterval(timer);
			clearTimeout(this.#expiry);
			ear.close();
		};
	}

	isOpen(): boolean {
		return isHereAlone(this.reach) && !this.hasUsers && !this.#setupLink;
	}

	async visitor(asking: Asking): Promise<Visitor> {
		const bearer = bearerOf(asking);
		// Whoever sends one means it: a wrong one is nobody, whatever else comes with it.
		if (bearer !== undefined) return (await visitorOfToken(this.sql, bearer)) ?? NOBODY;
		const login = asking.cookie(cookieName('login', asking.isSecure));
		if (login !== undefined) {
			const visitor = await visitorOfLogin(this.sql, login);
			if (visitor) return visitor;
		}
		const display = asking.cookie(cookieName('display', asking.isSecure));
		// A wall whose screen is over must not show more than before, at a machine that is open to itself.
		if (display !== undefined) return (await visitorOfDisplay(this.sql, display)) ?? NOBODY;
		return this.isOpen() && isAtTheMachine(asking, this.reach) ? AT_THE_MACHINE : NOBODY;
	}

	async again(visitors: readonly Visitor[]): Promise<(Visitor | null)[]> {
		const of = (kind: Visitor['kind']) => [
			...new Set(
				visitors.flatMap((visitor) => (visitor.kind === kind && visitor.login !== null ? [visitor.login] : []))
			)
		];
		const found = await Promise.all([
			aliveLogins(this.sql, of('user')),
			aliveTokens(this.sql, of('token')),
			aliveDisplays(this.sql, of('screen'))
		]);
		const alive = new Map(found.flatMap((map) => [...map]));
		return visitors.map((visitor) => {
			if (visitor.kind === 'open') return this.isOpen() ? visitor : null;
			return alive.get(visitor.login ?? '') ?? null;
		});
	}

	attempts(name: string, address: string): number {
		// As names are looked up: else each way of writing a name would have attempts of its own.
		const account = readName(name) ?? '';
		const network = networkOf(address);
		// In this order: what is refused to an address must not use up what the account has for all others.
		return (
			this.#ofAddress.take(network) ||
			this.#ofAccountFromAddress.take(`${account}\n${network}`) ||
			this.#ofAccount.take(account)
		);
	}

	onChange(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	onReload(listener: (screenId: string) => void): () => void {
		this.#reloads.add(listener);
		return () => void this.#reloads.delete(listener);
	}

	async renew(): Promise<void> {
		this.hasUsers = await anybody(this.sql);
	}

	async setupLink(address: string): Promise<string | null> {
		const secret = this.#setupLink ? await inviteFirst(this.sql) : null;
		return secret && `${this.reach.publicOrigins[0] ?? address}/welcome#${secret}`;
	}

	stop(): void {
		this.#stop();
	}

	async #lookAgain(log: AccessOptions['log']): Promise<void> {
		try {
			await this.renew();
		} catch (error) {
			// What is known stays; the next minute, or the database's return, brings it.
			log.warn({ err: error }, 'who can log in could not be read');
			return;
		}
		for (const listener of this.#listeners) listener();
		await this.#awaitExpiry(log);
	}

	/** A screen's time is over without anybody changing anything. */
	async #awaitExpiry(log: AccessOptions['log']): Promise<void> {
		clearTimeout(this.#expiry);
		const inMs = await nextExpiry(this.sql).catch(() => null);
		if (inMs === null || inMs > LOOK_AGAIN_MS) return;
		this.#expiry = setTimeout(() => void this.#lookAgain(log), inMs);
		this.#expiry.unref();
	}
}
