/** What somebody asks to be brought back, as it was typed or sent. A fault is one line for the one who asked. */
import { z } from 'zod';
import { readTime } from '../../events/clock';
import type { Wish } from './backfill-jobs';
import { EVENTS_PREFIX } from './backfill-reading';

const DAY_MS = 24 * 3_600_000;
const A_TIME = 'must be a time such as 2026-01-09T11:00:00Z, or a date such as 2026-01-09 (UTC)';

/** A date as an end includes its day. */
const bound = (end: 'from' | 'to') =>
	z.string(A_TIME).transform((text, context) => {
		const time = readTime(text.trim());
		if (time === null || !/^\d{4}-/.test(text.trim())) {
			context.addIssue({ code: 'custom', message: A_TIME });
			return z.NEVER;
		}
		return end === 'to' && text.trim().length === 10 ? time + DAY_MS : time;
	});

const WishSchema = z.strictObject({
	from: bound('from'),
	to: bound('to'),
	prefix: z
		.string('must be a text')
		.max(500, 'must be at most 500 characters')
		.regex(/^[\x20-\x7e]*$/, 'must be plain ASCII')
		.refine((prefix) => prefix.startsWith(EVENTS_PREFIX) || EVENTS_PREFIX.startsWith(prefix), {
			message: `must begin with ${EVENTS_PREFIX}`
		})
		.default(''),
	dryRun: z.boolean('must be true or false').default(false)
});

/** The wish, or what is wrong with it. */
export function readWish(value: unknown): Wish | string {
	const parsed = WishSchema.safeParse(value);
	if (!parsed.success) {
		return parsed.error.issues
			.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')} ${message}`))
			.join('; ');
	}
	const { from, to } = parsed.data;
	return from < to ? parsed.data : 'to must be later than from';
}
