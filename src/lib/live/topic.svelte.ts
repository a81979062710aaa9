/**
 * A topic as a page shows it: starts from what the server rendered, subscribes, and follows. After any gap (a missing
 * number, another life of the server, a reconnect, a page that slept) it takes a snapshot and goes on from there, so
 * that what is shown is the server's state or openly old, never a mixture.
 */
import { tick, untrack } from 'svelte';
import type { Clock } from './clock.svelte';
import { Following, type Outcome, type Rules } from './following';
import { freshnessOf, LOST_AFTER_MS, type Freshness, type LinkFacts } from './freshness';
import type { CommitMark, Heartbeat, Millis, Snapshot, Topic, Trouble, Update } from './messages';
import { percentile, withSample } from './samples';
import { isRefusal, jitter, openSocket, type LiveSocket } from './socket';

const ANSWER_WITHIN_MS = 8_000;
const LATENCIES_KEPT = 200;
/** Heartbeats between two checks of the clock: about five minutes. */
const BEATS_PER_CLOCK_CHECK = 150;

/** How to follow one kind of topic. */
export interface TopicKind<S, C> extends Rules<S, C> {
	topic: Topic;
	clock: Clock;
	/** Told of each message that is no repetition, for whoever wants to act on it rather than show the state. */
	heard?: Heard<S, C>;
}

export interface Heard<S, C> {
	snapshot(snapshot: Snapshot<S>): void;
	update(change: C): void;
	heartbeat(): void;
}

export class LiveTopic<S, C> {
	/** The state; null when the topic has none (yet). Replaced as a whole, never changed. */
	state = $state.raw<S | null>(null);
	/** The build that the server runs now; another one than at first means that the page is outdated. */
	build = $state('');
	freshness = $state.raw<Freshness>({ kind: 'first' });
	/** Commit to pixel in ms, over the latest updates that were seen on a visible page. */
	latency = $state.raw<{ p50: number; p95: number; count: number } | null>(null);

	#kind: TopicKind<S, C>;
	#socket: LiveSocket | null = null;
	#following: Following<S, C>;
	#asked = 0;
	#beats = 0;
	#reopened = 0;
	#facts: LinkFacts;
	#latencies: number[] = [];
	/** Commits whose updates have come and are not drawn yet. */
	#unseen: CommitMark[] = [];
	#drawing = false;
	#retry: ReturnType<typeof setTimeout> | undefined;

	constructor(kind: TopicKind<S, C>, first: Snapshot<S>) {
		this.#kind = kind;
		this.#following = new Following<S, C>(kind, first.state);
		this.state = first.state;
		this.build = first.build;
		this.#facts = { everLive: false, heardMono: 0, heardAt: first.at, lostMono: null, trouble: null, refused: null };
	}

	/** Goes live; the returned function leaves the topic. Call it in the browser, once. */
	start(): () => void {
		let stopped = false;
		let leave: (() => void) | null = null;
		this.#facts.heardMono = performance.now();
		const judge = setInterval(() => this.#judge(), 1_000);
		const wake = () => this.#wake();
		document.addEventListener('visibilitychange', wake);
		addEventListener('online', wake);
		void openSocket().then((socket) => {
			if (!stopped) leave = this.#follow(socket);
		});
		return () => {
			stopped = true;
			clearInterval(judge);
			clearTimeout(this.#retry);
			document.removeEventListener('visibilitychange', wake);
			removeEventListener('online', wake);
			leave?.();
		};
	}

	#follow(socket: LiveSocket): () => void {
		this.#socket = socket;
		const connected = () => {
			this.#facts.lostMono = null;
			this.#facts.refused = null;
			this.#subscribe();
			void this.#checkClock(5);
		};
		const lost = () => {
			this.#facts.lostMono ??= performance.now();
			this.#following.giveUp();
			this.#asked++;
		};
		const update = (message: Update<unknown>) => {
			// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the topic decides what its changes are
			if (message.topic === this.#kind.topic) this.#update(message as Update<C>);
		};
		const heartbeat = (message: Heartbeat) => {
			if (message.topic === this.#kind.topic) this.#heartbeat(message);
		};
		const trouble = (message: Trouble) => {
			this.#facts.trouble = message;
			this.#judge();
		};
		const failed = (error: Error) => {
			if (!isRefusal(error)) return;
			this.#facts.refused = error.message;
			this.#judge();
		};
		socket.on('connect', connected);
		socket.on('connect_error', failed);
		socket.on('disconnect', lost);
		socket.on('update', update);
		socket.on('heartbeat', heartbeat);
		socket.on('trouble', trouble);
		if (socket.connected) connected();
		return () => {
			socket.off('connect', connected);
			socket.off('connect_error', failed);
			socket.off('disconnect', lost);
			socket.off('update', update);
			socket.off('heartbeat', heartbeat);
			socket.off('trouble', trouble);
			if (socket.connected) socket.emit('unsubscribe', this.#kind.topic);
		};
	}

	#subscribe(): void {
		if (!this.#socket?.connected || this.#following.isWaiting) return;
		clearTimeout(this.#retry);
		this.#following.wait();
		void this.#askForSnapshot(this.#socket, ++this.#asked);
	}

	async #askForSnapshot(socket: LiveSocket, asked: number): Promise<void> {
		const reply = await answered<Snapshot<unknown> | { error: string }>((answer) =>
			socket.timeout(ANSWER_WITHIN_MS).emit('subscribe', this.#kind.topic, answer)
		);
		if (asked !== this.#asked) return;
		if (reply === null || 'error' in reply) {
			this.#following.giveUp();
			if (reply) this.#facts.trouble ??= { since: this.#kind.clock.exactly(), reason: reply.error };
			this.#retry = setTimeout(() => {
				this.#subscribe();
			}, jitter(2_000));
			return;
		}
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the topic that was asked for decides it
		this.#snapshot(reply as Snapshot<S>);
	}

	#snapshot(snapshot: Snapshot<S>): void {
		const outcome = this.#following.snapshot(snapshot);
		this.build = snapshot.build;
		if (outcome === 'applied') this.#kind.heard?.snapshot(snapshot);
		this.#took(outcome, snapshot.at);
	}

	#update(message: Update<C>): void {
		const outcome = this.#following.update(message);
		if (outcome === 'applied' && message.commit)
			this.#unseen = withSample(this.#unseen, message.commit, LATENCIES_KEPT);
		if (outcome === 'applied' || outcome === 'waiting') this.#kind.heard?.update(message.change);
		this.#took(outcome, message.at);
	}

	#heartbeat(message: Heartbeat): void {
		this.build = message.build;
		const outcome = this.#following.heartbeat(message);
		if (outcome === 'ignored') this.#kind.heard?.heartbeat();
		this.#took(outcome, message.at);
		if (++this.#beats % BEATS_PER_CLOCK_CHECK === 0) void this.#checkClock(3);
	}

	/** Shows what a message has led to. One that leaves a hole is no news: what is shown has not become fresher by it. */
	#took(outcome: Outcome, at: Millis): void {
		void this.#draw();
		if (outcome === 'resync') this.#subscribe();
		else if (outcome !== 'waiting') this.#heard(at);
	}

	#heard(at: Millis): void {
		this.#facts = {
			everLive: true,
			heardMono: performance.now(),
			heardAt: at,
			lostMono: null,
			trouble: null,
			refused: null
		};
		this.#judge();
	}

	#judge(): void {
		const mono = performance.now();
		this.freshness = freshnessOf(this.#facts, mono);
		const silent = mono - Math.max(this.#facts.heardMono, this.#reopened) > LOST_AFTER_MS;
		if (silent && this.#socket?.connected && !this.#facts.trouble) this.#reopen();
	}

	/** A socket that looks open and brings nothing is half open: only a new one helps. */
	#reopen(): void {
		this.#reopened = performance.now();
		this.#socket?.io.engine.close();
	}

	/** A page that slept, or a network that came back: don't wait for the next attempt. */
	#wake(): void {
		if (document.visibilityState !== 'visible') return;
		if (this.#socket && !this.#socket.connected) this.#socket.connect();
		this.#judge();
	}

	async #checkClock(times: number): Promise<void> {
		for (let turn = 0; turn < times; turn++) {
			const asked = Date.now();
			const server = await answered<Millis>((answer) => this.#socket?.timeout(ANSWER_WITHIN_MS).emit('clock', answer));
			if (server === null) return;
			this.#kind.clock.learn({ asked, answered: Date.now(), server });
		}
	}

	/**
	 * Shows the state, at once if the last one has been drawn, else with the next frame: a screen that draws slower than
	 * updates come in skips states, rather than falling behind.
	 */
	async #draw(): Promise<void> {
		if (this.#drawing) return;
		this.#drawing = true;
		while (this.state !== this.#following.state) {
			this.state = this.#following.state;
			const commits = this.#unseen;
			this.#unseen = [];
			await tick();
			if (await nextFrame()) this.#measure(commits);
		}
		this.#drawing = false;
	}

	#measure(commits: readonly CommitMark[]): void {
		if (commits.length === 0) return;
		const now = this.#kind.clock.exactly();
		for (const commit of commits) {
			// Below zero is the error of the clocks, not a message from the future.
			this.#latencies = withSample(this.#latencies, Math.max(0, now - commit.at), LATENCIES_KEPT);
		}
		const [p50, p95] = [percentile(this.#latencies, 0.5), percentile(this.#latencies, 0.95)];
		if (p50 !== null && p95 !== null) this.latency = { p50, p95, count: this.#latencies.length };
	}
}

/** How long a page that nobody sees waits between two states. */
const HIDDEN_FRAME_MS = 500;

/** Waits for the next frame. False where nobody sees it: a hidden page gets no frames, and must not report its sleep. */
function nextFrame(): Promise<boolean> {
	return new Promise((resolve) => {
		if (document.visibilityState !== 'visible') {
			setTimeout(resolve, HIDDEN_FRAME_MS, false);
			return;
		}
		const hidden = () => {
			cancelAnimationFrame(frame);
			resolve(false);
		};
		const frame = requestAnimationFrame(() => {
			document.removeEventListener('visibilitychange', hidden);
			resolve(true);
		});
		document.addEventListener('visibilitychange', hidden, { once: true });
	});
}

/** The answer to a question over the socket; null when none came in time. */
function answered<R>(ask: (answer: (fault: Error | null, reply: R) => void) => void): Promise<R | null> {
	return new Promise((resolve) => {
		ask((fault, reply) => {
			resolve(fault ? null : reply);
		});
	});
}

/** Follows a topic for as long as the component lives. Call it while a component is made. */
export function follow<S, C>(kind: TopicKind<S, C>, first: Snapshot<S>): LiveTopic<S, C> {
	const live = new LiveTopic(kind, first);
	$effect(() => untrack(() => live.start()));
	return live;
}
