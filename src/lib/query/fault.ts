/** What is wrong with a part of an address: an expected outcome, so a value. Its message may be shown as it is. */
export interface QueryFault {
	isFault: true;
	/** The name of the parameter. */
	field: string;
	/** A sentence that says what was expected. */
	message: string;
}

/** A fault of one parameter. */
export function fault(field: string, message: string): QueryFault {
	return { isFault: true, field, message };
}

/** Is it a fault, rather than what was asked for? */
export function isFault(value: unknown): value is QueryFault {
	return typeof value === 'object' && value !== null && 'isFault' in value && value.isFault === true;
}
