/** What comes over the channels, checked: another program, or another version of this one, may have sent it. */
import type { CommitNotice } from '../db/notice';

/** The notice in a payload; null for anything that is none, which the listener answers by a resync. */
export function parseNotice(payload: string): CommitNotice | null {
	let value: unknown;
	try {
		value = JSON.parse(payload);
	} catch {
		return null;
	}
	if (typeof value !== 'object' || value === null) return null;
	const { commit, at, sessions, errors }: Partial<Record<string, unknown>> = { ...value };
	if (typeof commit !== 'string' || !/^\d{1,19}$/.test(commit)) return null;
	if (typeof at !== 'number' || typeof errors !== 'boolean') return null;
	if (sessions === null) return { commit, at, sessions, errors };
	if (!Array.isArray(sessions)) return null;
	const ids: unknown[] = sessions;
	return ids.every((id) => typeof id === 'string') ? { commit, at, sessions: ids, errors } : null;
}
