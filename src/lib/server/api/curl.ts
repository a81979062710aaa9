/** Operations as lines for a terminal. */
import type { Example, Operation } from './operation';

export interface Sample {
	label: string;
	source: string;
}

/** The lines that call an operation: one for each example of its body, or one. */
export function samples(operation: Operation, origin: string): Sample[] {
	const { method, path, body, sample = path, summary } = operation;
	if (body) {
		return body.examples.map((example) => ({
			label: example.summary,
			source: send(`curl -sS ${origin}${path}`, example)
		}));
	}
	if (sample === null) return [];
	const options = method === 'get' ? '' : `-i -X ${method.toUpperCase()} `;
	// What parts a query means something to shells.
	const address = sample.includes('?') ? quoted(origin + sample) : origin + sample;
	return [{ label: summary, source: `curl -sS ${options}${address}` }];
}

function send(address: string, { type, value, gzip }: Example): string {
	const body = quoted(JSON.stringify(value, null, 2));
	const header = `-H 'content-type: ${type}'`;
	if (gzip) {
		return `printf %s ${body} | gzip |\n  ${address} ${header} \\\n  -H 'content-encoding: gzip' --data-binary @-`;
	}
	return `${address} \\\n  ${header} \\\n  -d ${body}`;
}

/** A text as one word of a shell. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}
