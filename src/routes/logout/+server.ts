/** Ends the login of this browser. A form sends it, so that no link can. */
import { redirect } from '@sveltejs/kit';
import { dropLogin } from '$lib/server/access/browser';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async (event) => {
	await dropLogin(event);
	redirect(303, '/login');
};
