/**
 * What a failed commit means. Only a fault that lies in the data itself may cost an event its place in the log (it is
 * kept as rejected then); every other fault, known or not, is the system's: the same statement is tried again, and the
 * client keeps its events when that does not help in time.
 */

/** SQLSTATE classes: data exception, integrity constraint violation, program limit exceeded. */
const DATA_FAULT = /^(?:22|23|54)/;

/** Whether the statement can never succeed with this data. */
export function isDataFault(error: unknown): boolean {
	return DATA_FAULT.test(codeOf(error) ?? '') && !isSequenceFault(error);
}

/** The commit's own number is taken: a restore has set the sequence back, which is no fault of any event. */
function isSequenceFault(error: unknown): boolean {
	return (
		typeof error === 'object' &&
		error !== null &&
		'constraint_name' in error &&
		error.constraint_name === 'commits_pkey'
	);
}

/** One line for a log. */
export function describe(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	const code = codeOf(error);
	return code === null ? message : `${code}: ${message}`;
}

function codeOf(error: unknown): string | null {
	return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
		? error.code
		: null;
}
