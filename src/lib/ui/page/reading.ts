/**
 * What a page shows stays when it cannot be read anew: SvelteKit would put the error page in its place, for a server that
 * restarts, or a question that took too long once. Requests for the data of the very page that is shown are therefore
 * tried again until they are answered; meanwhile the page says that it is not current. What is wrong with the address
 * itself, and other pages, are left to SvelteKit, which asks through `window.fetch` so that it can be replaced.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
const DATA = '__data.json';

type Tell = (isBehind: boolean) => void;
let tell: Tell | null = null;

/**
 * From now on, for as long as the document lives.
 * @param telling is told whether the latest reload has failed and is being tried again; it replaces the one before
 */
export function keepReading(telling: Tell): void {
	const isFirst = tell === null;
	tell = telling;
	if (!isFirst) return;
	const plain = window.fetch.bind(window);
	window.fetch = (input, init) => {
		const asked = new URL(input instanceof Request ? input.url : input, location.href);
		return isShown(asked) ? untilAnswered(() => plain(input, init), asked) : plain(input, init);
	};
}

/** Is this a request for the data of the page at the document's address? */
function isShown({ origin, pathname, searchParams }: URL): boolean {
	const own = `${location.pathname.replace(/\/$/, '')}/${DATA}`;
	if (origin !== location.origin || pathname !== own) return false;
	const asked = [...searchParams].filter(([name]) => !name.startsWith('x-sveltekit-'));
	return new URLSearchParams(asked).toString() === new URLSearchParams(location.search).toString();
}

async function untilAnswered(ask: () => Promise<Response>, asked: URL): Promise<Response> {
	for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
		const answer = await attempt(ask);
		if (!isFailure(answer) || !isShown(asked)) {
			tell?.(false);
			if (answer instanceof Response) return answer;
			throw answer;
		}
		tell?.(true);
		await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
	}
}

/** The answer with its whole body, or why there was none. */
async function attempt(ask: () => Promise<Response>): Promise<Response | Error> {
	try {
		const answer = await ask();
		const { status, headers } = answer;
		const body = await answer.text();
		return failedOnTheServer(body)
			? new Error('The page’s data could not be read.')
			: new Response(body, { status, headers });
	} catch (error) {
		return error instanceof Error ? error : new Error(String(error));
	}
}

const isFailure = (answer: Response | Error) => answer instanceof Error || answer.status >= 500;

/** A load function that failed is told of in an answer that is itself all right. */
function failedOnTheServer(body: string): boolean {
	if (!body.includes('"type":"error"')) return false;
	const [first = ''] = body.split('\n', 1);
	const said: unknown = JSON.parse(first);
	if (typeof said !== 'object' || said === null || !('nodes' in said) || !Array.isArray(said.nodes)) return false;
	return said.nodes.some((node: unknown) => {
		if (typeof node !== 'object' || node === null || !('type' in node) || node.type !== 'error') return false;
		return !('status' in node) || typeof node.status !== 'number' || node.status >= 500;
	});
}
