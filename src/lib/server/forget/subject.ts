/** What can be forgotten, as it is asked for and kept while a job needs it. */
import { z } from 'zod';

const name = z.string().min(1).max(255);

/** A person as Shopify knows them. Any of the three finds them. */
export const Customer = z.strictObject({
	id: z.string().max(255).nullable().default(null),
	email: z.string().max(255).nullable().default(null),
	phone: z.string().max(255).nullable().default(null)
});
export type Customer = z.output<typeof Customer>;

export const Subject = z.discriminatedUnion('kind', [
	z.strictObject({ kind: z.literal('session'), sessionId: name }),
	z.strictObject({ kind: z.literal('shop'), shopDomain: name }),
	z.strictObject({ kind: z.literal('customer'), shopDomain: name, customer: Customer })
]);
export type Subject = z.output<typeof Subject>;

/** The text whose hash names the subject when the subject itself is gone. */
export function subjectText(subject: Subject): string {
	switch (subject.kind) {
		case 'session':
			return subject.sessionId;
		case 'shop':
			return subject.shopDomain;
		case 'customer': {
			const { id, email, phone } = subject.customer;
			return JSON.stringify([lowerAscii(subject.shopDomain), id, email, phone]);
		}
	}
}

/** What names a person. */
export function namesOf({ id, email, phone }: Customer): string[] {
	return [id, email, phone].flatMap((name) => name || []);
}

/** Small letters, of those letters only that domains have: as the database's lower() in collation "C". */
export function lowerAscii(text: string): string {
	return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
