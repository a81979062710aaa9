/** Secrets that we make: random, shown once, kept as their hash. A hash of 256 random bits needs no salt and no slowness. */
import { createHash, randomBytes } from 'node:crypto';

const BYTES = 32;
/** Enough that no two rows ever get the same. */
const ID_BYTES = 9;

/** A new secret: 256 random bits in 43 characters that every URL, cookie and header takes. */
export function newSecret(): string {
	return randomBytes(BYTES).toString('base64url');
}

/** What is kept of a secret, and looked up by: the time that takes says nothing about the secret. */
export function hashOf(secret: string): Buffer {
	return createHash('sha256').update(secret).digest();
}

/** A new id of a row, which is no secret. */
export function newId(): string {
	return randomBytes(ID_BYTES).toString('base64url');
}
