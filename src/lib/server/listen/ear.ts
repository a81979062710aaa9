/**
 * One connection that listens. It is thrown away as a whole when it is found deaf: a half-open socket looks alive for
 * many minutes, and the library, which reconnects by itself after a clean end, never learns of it.
 */
import { connect } from '../db/connect';

export interface EarOptions {
	url: string;
	application: string;
	/** Channel → what to do with its payloads. */
	channels: Record<string, (payload: string) => void>;
	/** The connection listens on all channels; called again after each reconnect. */
	onListening: () => void;
	/** Listening failed; the library goes on trying. */
	onFault: (error: unknown) => void;
}

export interface Ear {
	/** Lets go at once, without waiting for a server that may not answer. */
	close(): void;
}

/** Begins to listen, and goes on after each loss of the connection. */
export function openEar({ url, application, channels, onListening, onFault }: EarOptions): Ear {
	const sql = connect({ url, application, max: 1 });
	let closed = false;
	const last = Object.keys(channels).at(-1);
	for (const [channel, hear] of Object.entries(channels)) {
		sql
			.listen(
				channel,
				(payload) => {
					if (!closed) hear(payload);
				},
				() => {
					// One connection carries all channels and answers in their order: when the last one listens, all do.
					if (!closed && channel === last) onListening();
				}
			)
			.catch((error: unknown) => {
				if (!closed) onFault(error);
			});
	}
	return {
		close() {
			closed = true;
			sql.end({ timeout: 0 }).catch(() => undefined);
		}
	};
}
