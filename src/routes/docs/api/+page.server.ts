/** The API's document, laid out for people. */
import { openApi } from '$lib/server/api/document';
import { shownApi } from '$lib/server/api/reading';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = ({ url }) => ({ api: shownApi(openApi(url.origin)), origin: url.origin });
