/**
 * Passwords are kept as scrypt with a salt of their own, in one text with the costs that were used:
 * `scrypt$N$r$p$salt$hash`, the last two base64url. Checking takes the same time whether there is such a user or not.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 64 MiB and about a third of a second: OWASP's second choice for scrypt (N=2^16, r=8, p=2). */
const COST = { N: 65_536, r: 8, p: 2 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Logins are seldom; a flood of them must not take the memory that commits need. */
const MOST_AT_ONCE = 2;

export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 200;
/** What is wrong with a password that somebody chose and typed twice; null when nothing is. */
export function passwordFault(password: string, again: string): string | null {
	if (password.length < SHORTEST_PASSWORD) return `A password has at least ${SHORTEST_PASSWORD} characters.`;
	if (password.length > LONGEST_PASSWORD) return `A password has at most ${LONGEST_PASSWORD} characters.`;
	return password === again ? null : 'The two passwords differ.';
}

const STORED = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{16,})\$([\w-]{43,})$/;

/** Whether a text is what `passwordHash` makes, with costs that this machine would not choke on. */
export function isPasswordHash(text: string): boolean {
	return costsOf(text) !== null;
}

/** What to keep of a password. */
export async function passwordHash(password: string): Promise<string> {
	const salt = randomBytes(SALT_BYTES);
	const key = await derived(password, salt, KEY_BYTES, COST);
	return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether it is the password. `stored` null: there is no such user, or none with a password; takes as long. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
	const parts = costsOf(stored ?? '');
	if (!parts) {
		await derived(password, Buffer.alloc(SALT_BYTES), KEY_BYTES, COST);
		return false;
	}
	const key = await derived(password, parts.salt, parts.key.length, parts.cost);
	return timingSafeEqual(key, parts.key);
}

function costsOf(stored: string) {
	const [, N, r, p, salt, key] = STORED.exec(stored) ?? [];
	if (salt === undefined || key === undefined) return null;
	const cost = { N: Number(N), r: Number(r), p: Number(p) };
	const isPowerOfTwo = Number.isInteger(Math.log2(cost.N)) && cost.N > 1;
	if (!isPowerOfTwo || cost.r < 1 || cost.p < 1 || 128 * cost.N * cost.r > MOST_MEMORY) return null;
	return { cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
}

const MOST_MEMORY = 512 * 1024 * 1024;
let running = 0;
const waiting: (() => void)[] = [];

async function derived(password: string, salt: Buffer, bytes: number, cost: typeof COST): Promise<Buffer> {
	if (running >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
	else running++;
	try {
		return await new Promise((resolve, reject) => {
			scrypt(password.normalize('NFKC'), salt, bytes, { ...cost, maxmem: MOST_MEMORY + 1024 * 1024 }, (error, key) => {
				if (error) reject(error);
				else resolve(key);
			});
		});
	} finally {
		// Whoever waits takes this one's place.
		const next = waiting.shift();
		if (next) next();
		else running--;
	}
}
