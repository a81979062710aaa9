import { error } from '@sveltejs/kit';
import type { PageServerLoad } from './$types';

/** The demo shop sends real events into the real log, so it is there only where that is wanted (the setting DEMO). */
export const load: PageServerLoad = ({ platform }) => {
	if (!platform?.demo) error(404, 'Not found');
};
