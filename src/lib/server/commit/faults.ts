/**
 * What a failed commit means. Only a fault that lies in the data itself may cost an event its place in the log (it is
 * kept as rejected then); every other fault, known or not, is the system's: the same statement is tried again, and the
 * client keeps its events when that does not help in time.
 */

/** SQLSTATE classes: data exception, integrity constraint violation, program limit exceeded. */
const DATA_FAULT = /^(?:22|23|54)/;

/** Whether the statement can never succeed with this data. */
export function isDataFault(error: unknown): boolean {
	return DATA_FAULT.test(codeOf(error) ?? '') && !isSequenceFault(error) && !isMissingMonth(error);
}

/** The commit's own number is taken: a restore has set the sequence back, which is no fault of any event. */
function isSequenceFault(error: unknown): boolean {
	return field(error, 'constraint_name') === 'commits_pkey';
}

/** The log is not ready for the month of an event: Postgres calls that a check violation, of the table as a whole. */
export function isMissingMonth(error: unknown): boolean {
	return codeOf(error) === '23514' && field(error, 'table_name') === 'analytics_events';
}

/** One line for a log. */
export function describe(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	const code = codeOf(error);
	return code === null ? message : `${code}: ${message}`;
}

function codeOf(error: unknown): string | null {
	const code = field(error, 'code');
	return typeof code === 'string' ? code : null;
}

function field(error: unknown, name: string): unknown {
	return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
