/** `npm run cli -- user`: who there is, inviting somebody where no page can be reached, and shutting somebody out. */
import { parseArgs } from 'node:util';
import { disableUser, listUsers } from '../lib/server/access/administer';
import { AT_THE_COMMAND_LINE } from '../lib/server/access/audit';
import { invite } from '../lib/server/access/invitations';
import { readName } from '../lib/server/access/users';
import { ROLES } from '../lib/server/access/visitor';
import type { Sql } from '../lib/server/db/connect';
import { migrate } from '../lib/server/db/migrate';
import type { Output } from '../simulate/progress';

const USAGE = `Usage: npm run cli -- user list
       npm run cli -- user invite [--role viewer|operator|admin] [--name NAME] [--shop DOMAIN]…
       npm run cli -- user disable --name NAME [--even-the-last]

  list     who can log in, and what each may
  invite   makes a link that can be used once, within 7 days; without --role it is an administrator's
  disable  logs somebody out everywhere, and lets them log in no more

Without --name whoever opens the link chooses one. --shop limits a viewer to a shop, and can be given several times.
The user of ADMIN_PASSWORD comes back with each process that starts with that setting: take it out of the settings of all
first. --even-the-last disables somebody without whom nobody could administer: once nobody can log in at all, a process that
this machine alone reaches is open to whoever is at it, and any other lets nobody in.
`;

export interface PeopleSurroundings {
	report: Output;
	progress: Output;
	/** Where the pages are, such as http://127.0.0.1:3000. */
	address: string;
	withDatabase: (work: (sql: Sql) => Promise<number>) => Promise<number>;
}

/** Does what the arguments ask for; returns the exit code. */
export async function user(args: string[], surroundings: PeopleSurroundings): Promise<number> {
	const { report, progress, withDatabase } = surroundings;
	const { values, positionals } = parseArgs({
		args,
		allowPositionals: true,
		options: {
			role: { type: 'string', default: 'admin' },
			name: { type: 'string' },
			shop: { type: 'string', multiple: true },
			'even-the-last': { type: 'boolean', default: false },
			help: { type: 'boolean', short: 'h' }
		}
	});
	const [command, ...others] = positionals;
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	if (others.length === 0 && command === 'list') return withDatabase((sql) => list(sql, report));
	const role = ROLES.find((known) => known === values.role);
	const name = values.name === undefined ? null : readName(values.name);
	if (others.length === 0 && command === 'disable' && name !== null)
		return withDatabase((sql) => disable(sql, name, values['even-the-last'], surroundings));
	const isNamed = values.name === undefined || name !== null;
	const shops = values.shop ?? null;
	if (others.length > 0 || command !== 'invite' || !role || !isNamed || (shops !== null && role !== 'viewer')) {
		progress.write(USAGE);
		return 1;
	}
	return withDatabase(async (sql) => {
		await migrate(sql);
		const invited = await invite(sql, { name, role, shops }, AT_THE_COMMAND_LINE);
		if (typeof invited === 'string') {
			progress.write(`${invited}\n`);
			return 1;
		}
		report.write(`${surroundings.address}/welcome#${invited.secret}\n`);
		return 0;
	});
}

async function disable(
	sql: Sql,
	name: string,
	evenTheLast: boolean,
	{ report, progress }: PeopleSurroundings
): Promise<number> {
	await migrate(sql);
	const id = (await listUsers(sql)).find((user) => user.name === name)?.id ?? '';
	const disabled = await disableUser(sql, id, AT_THE_COMMAND_LINE, { evenTheLast });
	if (typeof disabled === 'string') {
		progress.write(`${disabled}\n`);
		return 1;
	}
	report.write(`${disabled.name} can log in no more.\n`);
	return 0;
}

async function list(sql: Sql, report: Output): Promise<number> {
	await migrate(sql);
	for (const { name, role, shops, disabledAt, seenAt } of await listUsers(sql)) {
		const seen = seenAt === null ? 'never seen' : `last seen ${new Date(seenAt).toISOString()}`;
		const words = [name, role, shops?.join(',') ?? 'all shops', seen, ...(disabledAt === null ? [] : ['disabled'])];
		report.write(`${words.join('\t')}\n`);
	}
	return 0;
}
