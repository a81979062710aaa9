/** The login of the browser that sends a request: begun, replaced and forgotten, with its cookie. */
import type { RequestEvent } from '@sveltejs/kit';
import { cookieName, cookieOptions } from './asking';
import { actorOf } from './audit';
import { endLogin, LOGIN_COOKIE_S, replaceLogin, type From } from './logins';
import type { Visitor } from './visitor';
import type { Access } from './index';

type Request = Pick<RequestEvent, 'cookies' | 'url' | 'request' | 'getClientAddress'> & {
	locals: { visitor: Visitor; pipeline: { access: Pick<Access, 'sql'> } };
};

/** Where a request comes from, as a login keeps it. */
export function fromOf({ request, getClientAddress }: Request): From {
	return { address: getClientAddress(), userAgent: request.headers.get('user-agent') };
}

/** Hands the browser the secret of a new login, and ends the one that it had, whoever's that was. */
export async function keepLogin(event: Request, secret: string): Promise<void> {
	const own = ownLogin(event);
	if (own) await replaceLogin(event.locals.pipeline.access.sql, own.user, own.login);
	const isSecure = isByTls(event);
	event.cookies.set(cookieName('login', isSecure), secret, cookieOptions(isSecure, LOGIN_COOKIE_S));
}

/** Ends the login that the request came by, if it came by one, and lets the browser forget it. */
export async function dropLogin(event: Request): Promise<void> {
	const isSecure = isByTls(event);
	event.cookies.delete(cookieName('login', isSecure), { path: '/', secure: isSecure });
	const own = ownLogin(event);
	if (own) await endLogin(event.locals.pipeline.access.sql, own.user, own.login, actorOf(event));
}

function ownLogin({ locals: { visitor } }: Request): { user: string; login: string } | null {
	if (visitor.kind !== 'user' || visitor.id === null || visitor.login === null) return null;
	return { user: visitor.id, login: visitor.login };
}

function isByTls({ url }: Request): boolean {
	return url.protocol === 'https:';
}
