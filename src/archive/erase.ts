/** `npm run cli -- erase`: forgets a session, a shop or a person here and now, and prints the certificate. */
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { AT_THE_COMMAND_LINE, erasureEntry, note } from '../lib/server/access/audit';
import { workAtErasure } from '../lib/server/forget/job';
import { readErasure, requestErasure } from '../lib/server/forget/ledger';
import { namesOf, type Subject } from '../lib/server/forget/subject';
import { migrate } from '../lib/server/db/migrate';
import { untilInterrupted } from '../simulate/interrupt';
import type { ArchiveSurroundings } from './backfill';

const USAGE = `Usage: npm run cli -- erase --session ID | --shop DOMAIN | --shop DOMAIN --customer [--id ID] [--email TEXT] [--phone TEXT]

  --session   a session
  --shop      a shop, with all that it sent until now
  --customer  of that shop only the sessions in which any value of any event is this person's id, address or number
  --yes       does not ask once more

It cannot be undone. The certificate goes to standard output. Ctrl-C stops after the piece under way; the server, or
the same command, goes on.
`;

/** Does what the arguments ask for; returns the exit code. */
export async function erase(args: string[], { report, progress, withArchive }: ArchiveSurroundings): Promise<number> {
	const { values } = parseArgs({
		args,
		options: {
			session: { type: 'string' },
			shop: { type: 'string' },
			customer: { type: 'boolean' },
			id: { type: 'string' },
			email: { type: 'string' },
			phone: { type: 'string' },
			yes: { type: 'boolean' },
			help: { type: 'boolean', short: 'h' }
		}
	});
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	const subject = subjectOf(values);
	if (subject === null) {
		progress.write(USAGE);
		return 1;
	}
	if (!values.yes && !(await isConfirmed(subject))) {
		progress.write('Nothing was erased.\n');
		return 1;
	}
	return untilInterrupted((signal) =>
		withArchive(async (sql, _, store) => {
			await migrate(sql);
			const asked = await requestErasure(sql, subject, 'operator');
			const { id } = asked;
			await note(sql, AT_THE_COMMAND_LINE, erasureEntry(asked));
			const log = { info: () => undefined, warn: (fields: object) => progress.write(`${JSON.stringify(fields)}\n`) };
			await workAtErasure({ sql, store, log }, signal, id);
			const erasure = await readErasure(sql, id);
			if (typeof erasure?.certificate !== 'string') {
				progress.write(`Erasure ${id} is not done yet: ${erasure?.fault ?? 'it goes on when a server runs'}.\n`);
				return 130;
			}
			report.write(erasure.certificate);
			progress.write(`SHA-256 ${erasure.certificateSha256 ?? ''}\n`);
			return 0;
		})
	);
}

interface Wanted {
	session?: string | undefined;
	shop?: string | undefined;
	customer?: boolean | undefined;
	id?: string | undefined;
	email?: string | undefined;
	phone?: string | undefined;
}

function subjectOf({ session, shop, customer, id, email, phone }: Wanted): Subject | null {
	const person = { id: id ?? null, email: email ?? null, phone: phone ?? null };
	const isNamed = namesOf(person).length > 0;
	if (session !== undefined)
		return session === '' || shop !== undefined || customer || isNamed ? null : { kind: 'session', sessionId: session };
	if (!shop) return null;
	if (customer) return isNamed ? { kind: 'customer', shopDomain: shop, customer: person } : null;
	return isNamed ? null : { kind: 'shop', shopDomain: shop };
}

async function isConfirmed(subject: Subject): Promise<boolean> {
	const name = subject.kind === 'session' ? subject.sessionId : subject.shopDomain;
	const asking = createInterface({ input: process.stdin, output: process.stderr });
	try {
		const what = subject.kind === 'customer' ? `a person of ${name}` : `${subject.kind} ${name}`;
		return (await asking.question(`This erases ${what} for good. Type ${name} to go on: `)).trim() === name;
	} finally {
		asking.close();
	}
}
