/** What the operator reads once the process is ready: where to look, how to send a first event, where the data is. */

export interface BannerOptions {
	/** Such as `http://127.0.0.1:3000`. */
	address: string;
	databaseUrl: string;
}

/** A command that sends a first event, each time it is pasted another session's. It shows on the Control Room at once. */
export function firstEvent(address: string): string {
	const event = {
		type: 'session_started',
		sessionId: 'sess_$(date +%s)',
		shopDomain: 'demo.myshopify.com',
		data: { productTitle: 'Walnut sideboard' }
	};
	// In double quotes, so that the shell puts the time into the session's id.
	const json = JSON.stringify({ events: [event] }).replaceAll('"', '\\"');
	return `curl -sS ${address}/api/analytics/events -H 'content-type: application/json' -d "${json}"`;
}

export function banner({ address, databaseUrl }: BannerOptions): string {
	return [
		'',
		`  Control Room   ${address}`,
		`  Database       psql '${databaseUrl}'`,
		'',
		'  Send a first event:',
		'',
		firstEvent(address),
		'',
		''
	].join('\n');
}
