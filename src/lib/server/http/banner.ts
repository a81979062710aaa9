/** What the operator reads once the process is ready: where to look, how to send a first event, where the data is. */

export interface BannerOptions {
	/** Such as `http://127.0.0.1:3000`. */
	address: string;
	databaseUrl: string;
	/** Whether it is the embedded server's. That of an operator's own is shown without its password. */
	isOwnDatabase: boolean;
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

export function banner({ address, databaseUrl, isOwnDatabase }: BannerOptions): string {
	return [
		'',
		`  Control Room   ${address}`,
		// The embedded server's URL has no character that a shell would read.
		`  Database       psql ${isOwnDatabase ? databaseUrl : withoutPassword(databaseUrl)}`,
		'',
		'  Send a first event:',
		'',
		firstEvent(address),
		'',
		'  Or from a shop, see docs/clients:',
		'',
		`<script src="${address}/sdk/v1/control-room.js"></script>`,
		'',
		''
	].join('\n');
}

function withoutPassword(url: string): string {
	// A list of hosts is no URL for the platform.
	if (!URL.canParse(url)) return '"$DATABASE_URL"';
	return Object.assign(new URL(url), { password: '' }).href;
}
