/** The last day of a screen, as a date field has it. */
import { zoneOffset } from '$lib/query';

/** The day of a moment in a zone, as YYYY-MM-DD. */
export function localDay(at: number, zone: string): string {
	return new Date(at + zoneOffset(at, zone)).toISOString().slice(0, 10);
}
