/** Logging in over HTTP, as a browser's forms do it. */
import { scryptSync } from 'node:crypto';

export const PASSWORD = 'correct horse battery staple';

/** ADMIN_PASSWORD of a process whose administrator has that password: a hash, at a cost that takes no time. */
export const ADMIN_PASSWORD = hashOf(PASSWORD);

function hashOf(password: string): string {
	const salt = Buffer.alloc(16, 'salt');
	const key = scryptSync(password, salt, 32, { N: 16, r: 8, p: 1 });
	return `scrypt$16$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };

export interface Answered {
	status: number;
	location: string | null;
	/** As it was set: with its options. */
	setCookie: string | undefined;
	/** As it is sent back. */
	cookie: string;
	headers: Headers;
	html: string;
}

/** Sends a form, and follows nothing. */
export async function send(
	url: string,
	fields: Record<string, string>,
	headers: Record<string, string> = {}
): Promise<Answered> {
	const body = new URLSearchParams(fields).toString();
	const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers: { ...FORM, ...headers }, body });
	const setCookie = answer.headers.getSetCookie().find((cookie) => /^(__Host-)?login=/.test(cookie));
	return {
		status: answer.status,
		location: answer.headers.get('location'),
		setCookie,
		cookie: setCookie?.split(';')[0] ?? '',
		headers: answer.headers,
		html: await answer.text()
	};
}

/** The status of a page, without following where it leads. */
export async function statusOf(url: string, cookie: string, headers: Record<string, string> = {}): Promise<number> {
	const answer = await fetch(url, {
		redirect: 'manual',
		headers: { ...headers, ...(cookie === '' ? {} : { cookie }) }
	});
	await answer.body?.cancel();
	return answer.status;
}
