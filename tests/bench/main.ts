/** `npm run bench -- ingest | push | pages | paint`, and the roles that the benchmarks start as processes of their own. */
import { parseArgs } from 'node:util';
import { benchIngest } from './ingest';
import { benchPages } from './pages';
import { benchPaint } from './paint';
import { benchPush } from './push';
import { runPlainServer } from './plain-server';
import { runWalls } from './walls';

const USAGE = `Usage: npm run bench -- ingest [--rounds 3] [--seconds 3]
       npm run bench -- push [--seconds 8]
       npm run bench -- pages [--events 5000000] [--requests 60]
       npm run bench -- paint [--rounds 3]
`;

const { values, positionals } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' },
		seconds: { type: 'string' },
		events: { type: 'string', default: '5000000' },
		requests: { type: 'string', default: '60' }
	},
	allowPositionals: true
});
const [name, ...args] = positionals;
const seconds = (fallback: number) => Number(values.seconds ?? fallback);

switch (name) {
	case 'ingest':
		await benchIngest({ rounds: Number(values.rounds), seconds: seconds(3) });
		break;
	case 'push':
		await benchPush({ seconds: seconds(8) });
		break;
	case 'pages':
		await benchPages({ events: Number(values.events), requests: Number(values.requests) });
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
