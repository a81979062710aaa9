/** `npm run cli -- token`: makes an API token where nobody can open a page. It is printed, and kept nowhere. */
import { parseArgs } from 'node:util';
import { AT_THE_COMMAND_LINE } from '../lib/server/access/audit';
import { createToken } from '../lib/server/access/tokens';
import { SCOPES, type Scope } from '../lib/server/access/visitor';
import { migrate } from '../lib/server/db/migrate';
import type { Sql } from '../lib/server/db/connect';
import type { Output } from '../simulate/progress';

const USAGE = `Usage: npm run cli -- token --name <name> --scope <scope> [--scope …] [--shop <domain> …] [--days <n>]

  --scope   read (rows and sums), metrics (how the system is), backfill (bringing events back), erase (forgetting)
  --shop    only this shop, of read alone; default: all
  --days    how long it holds; default: until it is revoked on the page /keys

The token is the one line on standard output. Programs send it as "Authorization: Bearer …".
`;

const DAY_MS = 86_400_000;

export interface TokenSurroundings {
	report: Output;
	progress: Output;
	withDatabase: (work: (sql: Sql) => Promise<number>) => Promise<number>;
}

/** Does what the arguments ask for; returns the exit code. */
export async function token(args: string[], surroundings: TokenSurroundings): Promise<number> {
	const { report, progress, withDatabase } = surroundings;
	const { values } = parseArgs({
		args,
		options: {
			name: { type: 'string' },
			scope: { type: 'string', multiple: true, default: [] },
			shop: { type: 'string', multiple: true, default: [] },
			days: { type: 'string' },
			help: { type: 'boolean', short: 'h' }
		}
	});
	if (values.help) {
		report.write(USAGE);
		return 0;
	}
	const name = values.name?.trim() ?? '';
	const scopes = SCOPES.filter((scope) => values.scope.includes(scope));
	const fault = faultOf(name, values.scope, scopes, values.shop, values.days);
	if (fault !== null) {
		progress.write(`${fault}\n\n${USAGE}`);
		return 1;
	}
	const shops = values.shop.length === 0 ? null : values.shop;
	const expiresAt = values.days === undefined ? null : Date.now() + Number(values.days) * DAY_MS;
	return withDatabase(async (sql) => {
		await migrate(sql);
		const secret = await createToken(sql, { name, scopes, shops, expiresAt }, AT_THE_COMMAND_LINE);
		report.write(`${secret}\n`);
		return 0;
	});
}

function faultOf(
	name: string,
	asked: string[],
	scopes: Scope[],
	shops: string[],
	days: string | undefined
): string | null {
	if (name === '' || name.length > 80) return 'Give it a --name of up to 80 characters.';
	if (scopes.length === 0 || scopes.length !== new Set(asked).size) return `A --scope is one of ${SCOPES.join(', ')}.`;
	if (shops.length > 0 && scopes.some((scope) => scope !== 'read')) return 'Only read can be limited to some shops.';
	if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days)) return '--days is a number from 1 to 9999.';
	return null;
}
