/**
 * Liveness for pages that read their own lists: they follow the one small topic that says that something was committed,
 * and read anew. A page that was rendered before a change that it was not there to hear of learns it from the topic's
 * numbers at its first subscription, and after any gap it reads once.
 */
import { untrack } from 'svelte';
import type { Clock } from './clock.svelte';
import { CHANGES, type Changes, type ChangesState, type Snapshot } from './messages';
import { Reloads } from './reloads';
import { LiveTopic } from './topic.svelte';

export interface ChangesOptions {
	clock: Clock;
	/** The topic as it was when the page was rendered. */
	first: Snapshot<ChangesState>;
	/** Reads the page anew; it is awaited before it is called again. */
	onChange: (changes: Changes) => Promise<void>;
}

/** Follows what changes for as long as the component lives; its freshness is the page's. Call it while a component is made. */
export function followChanges({ clock, first, onChange }: ChangesOptions): LiveTopic<ChangesState, Changes> {
	let subscribed = false;
	const reloads = new Reloads({
		reload: onChange,
		isHidden: () => document.visibilityState !== 'visible',
		mono: () => performance.now(),
		after: (ms, callback) => {
			const timer = setTimeout(callback, ms);
			return () => clearTimeout(timer);
		}
	});
	const live = new LiveTopic<ChangesState, Changes>(
		{
			topic: CHANGES,
			clock,
			// The updates are what matters; the state is only for who begins.
			apply: (state) => state,
			begin: () => ({ commit: null }),
			heard: {
				snapshot: ({ epoch, seq }) => {
					const nothingMissed = !subscribed && epoch === first.epoch && seq === first.seq;
					if (!nothingMissed) reloads.touch({ sessions: true, errors: true });
					subscribed = true;
				},
				update: (changes) => reloads.touch(changes),
				heartbeat: () => reloads.beat()
			}
		},
		first
	);
	$effect(() => {
		const shown = () => reloads.shown();
		document.addEventListener('visibilitychange', shown);
		const leave = untrack(() => live.start());
		return () => {
			document.removeEventListener('visibilitychange', shown);
			leave();
			reloads.stop();
		};
	});
	return live;
}
