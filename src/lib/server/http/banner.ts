/**
 * What the operator reads once the process is ready: where to look, how to send a first event, where the data is. It holds no
 * password: what a process says at its start is kept by whatever runs it, for years. The one secret in it is the link for
 * the first user, where that is asked for; it works once, and for a day.
 */

export interface BannerOptions {
	/** Such as `http://127.0.0.1:3000`. */
	address: string;
	databaseUrl: string;
	/** The file with the password of the embedded server; null: the server is the operator's own, who knows it. */
	passwordFile: string | null;
	/** The link that makes the first user; null: none is needed or wanted. */
	setupLink: string | null;
}

/** A command that sends a first event, each time it is pasted another session's. It shows on the Control Room at once. */
function firstEvent(address: string): string {
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

export function banner({ address, databaseUrl, passwordFile, setupLink }: BannerOptions): string {
	return [
		'',
		`  Control Room   ${address}`,
		// It works once, for a day; each start makes a new one.
		...(setupLink === null ? [] : [`  First user     ${setupLink}`]),
		`  Database       ${psql(databaseUrl, passwordFile)}`,
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

/** A command that opens the database. The embedded server's URL has no character that a shell would read. */
function psql(url: string, passwordFile: string | null): string {
	const command = `psql ${withoutPassword(url)}`;
	if (passwordFile === null) return command;
	return `PGPASSWORD="$(cat '${passwordFile.replaceAll("'", String.raw`'\''`)}')" ${command}`;
}

function withoutPassword(url: string): string {
	// A list of hosts is no URL for the platform.
	if (!URL.canParse(url)) return '"$DATABASE_URL"';
	return Object.assign(new URL(url), { password: '' }).href;
}
