/** `npm run bench -- ingest | keys | push | agree | pages | paint | backfill | shipping | months | flood`, and the roles that the benchmarks start as processes of their own. */
import { parseArgs } from 'node:util';
import { benchAgree } from './agree';
import { benchBackfill, runRestore } from './backfill';
import { benchFlood } from './flood';
import { runFlooding } from './flooding';
import { benchIngest } from './ingest';
import { benchKeys } from './keys';
import { benchMonths } from './months';
import { benchPages } from './pages';
import { benchPaint } from './paint';
import { benchPush } from './push';
import { benchShipping } from './shipping';
import { runPlainServer } from './plain-server';
import { runWalls } from './walls';

const USAGE = `Usage: npm run bench -- ingest [--rounds 3] [--seconds 3]
       npm run bench -- keys [--rounds 3] [--seconds 3]
       npm run bench -- push [--seconds 8]
       npm run bench -- agree [--events 50000] [--changes 30]
       npm run bench -- pages [--events 5000000] [--requests 400] [--data <folder to keep the histories in>] [--only /errors,/setup]
       npm run bench -- paint [--rounds 3]
       npm run bench -- backfill [--events 1000000] [--seconds 6]
       npm run bench -- shipping [--rounds 3] [--seconds 10]
       npm run bench -- months [--events 20000000] [--rounds 3] [--data <folder to keep the log in>]
       npm run bench -- flood [--rounds 3] [--seconds 10]
`;

const { values, positionals } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' },
		seconds: { type: 'string' },
		events: { type: 'string' },
		changes: { type: 'string', default: '30' },
		requests: { type: 'string', default: '400' },
		data: { type: 'string' },
		only: { type: 'string' }
	},
	allowPositionals: true
});
const [name, ...args] = positionals;
const events = (fallback: number) => Number(values.events ?? fallback);
const seconds = (fallback: number) => Number(values.seconds ?? fallback);

switch (name) {
	case 'ingest':
		await benchIngest({ rounds: Number(values.rounds), seconds: seconds(3) });
		break;
	case 'keys':
		await benchKeys({ rounds: Number(values.rounds), seconds: seconds(3) });
		break;
	case 'push':
		await benchPush({ seconds: seconds(8) });
		break;
	case 'agree':
		await benchAgree({ events: events(50_000), changes: Number(values.changes) });
		break;
	case 'pages':
		await benchPages({
			events: events(5_000_000),
			requests: Number(values.requests),
			data: values.data,
			only: values.only
		});
		break;
	case 'months':
		await benchMonths({ events: events(20_000_000), rounds: Number(values.rounds), data: values.data });
		break;
	case 'backfill':
		await benchBackfill({ events: events(1_000_000), seconds: seconds(6) });
		break;
	case 'shipping':
		await benchShipping({ rounds: Number(values.rounds), seconds: seconds(10) });
		break;
	case 'flood':
		await benchFlood({ rounds: Number(values.rounds), seconds: seconds(10) });
		break;
	case 'flooding':
		await runFlooding(args[0] ?? '', args[1] ?? '', { flooding: Number(args[2]), slow: Number(args[3]) });
		break;
	case 'restore':
		await runRestore(args[0] ?? '', args[1] ?? '');
		break;
	case 'paint':
		await benchPaint({ rounds: Number(values.rounds) });
		break;
	case 'plain-server':
		await runPlainServer(args[0] ?? '');
		break;
	case 'walls':
		await runWalls(args[0] ?? '', Number(args[1]));
		break;
	case undefined:
	default:
		process.stderr.write(USAGE);
		process.exitCode = 1;
}
