/** What an operator runs beside the process: `npm run cli -- <command>`. */
import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run cli -- <command>

There are no commands yet.
`;

const { values } = parseArgs({
	options: { help: { type: 'boolean', short: 'h' } },
	allowPositionals: true,
	strict: false
});
process.stdout.write(USAGE);
process.exitCode = values.help ? 0 : 1;
