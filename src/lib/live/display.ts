/**
 * What a screen says of itself, so that whoever hangs walls sees that each is there, how large it is and what it runs; and
 * what it is told: to load its page anew.
 */
import { openSocket } from './socket';

/** The server takes a display as connected for a little more than two of these. */
const HEARTBEAT_MS = 30_000;

/** Tells of this display as long as it lives. @param reload loads the page anew. @returns how to end that */
export function tellDisplay(build: string, reload: () => void): () => void {
	let stopped = false;
	let end = () => {
		stopped = true;
	};
	void openSocket().then((socket) => {
		if (stopped) return;
		const tell = () => {
			if (socket.connected) socket.emit('display', { build, width: innerWidth, height: innerHeight });
		};
		const timer = setInterval(tell, HEARTBEAT_MS);
		socket.on('connect', tell);
		socket.on('reload', reload);
		tell();
		end = () => {
			clearInterval(timer);
			socket.off('connect', tell);
			socket.off('reload', reload);
		};
	});
	return () => end();
}
