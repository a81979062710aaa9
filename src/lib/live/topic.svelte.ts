/**
 * A topic as a page shows it: starts from what the server rendered, subscribes, and follows. After any gap (a missing
 * number, another life of the server, a reconnect, a page that slept) it takes a snapshot and goes on from there, so
 * that what is shown is the server's state or openly old, never a mixture.
 */
import { tick, untrack } from 'svelte';
import type { Clock } from './clock.svelte';
import { freshnessOf, LOST_AFTER_MS, type Freshness, type LinkFacts } from './freshness';
import type { CommitMark, Heartbeat, Millis, Snapshot, Topic, Trouble, Update } from './messages';
import { percentile, withSample } from './samples';
import { judgeHeartbeat, judgeUpdate, type Position } from './sequence';
import { jitter, openSocket, type LiveSocket } from './socket';

const ANSWER_WITHIN_MS = 8_000;
/** Updates that may wait for a snapshot; when more come, the snapshot's successor is asked for anyway. */
const WAITING_KEPT = 200;
const LATENCIES_KEPT = 200;
/** Heartbeats between two checks of the clock: about five minutes. */
const BEATS_PER_CLOCK_CHECK = 150;

/** How to follow one kind of topic. */
export interface TopicKind<S, C> {
	topic: Topic;
	clock: Clock;
	/** The state after a change: pure, and a merge by versions. */
	apply: (state: S, change: C) => S;
	/** The state from a first change of a topic that had none; null when it takes a snapshot. */
	begin: (change: C) => S | null;
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
	#position: Position | null = null;
	/** Updates that came while a snapshot was on its way; null when none is. */
	#waiting: Update<C>[] | null = null;
	#asked = 0;
	#beats = 0;
	#reopened = 0;
	#facts: LinkFacts;
	#latencies: number[] = [];
	#retry: ReturnType<typeof setTimeout> | undefined;

	constructor(kind: TopicKind<S, C>, first: Snapshot<S>) {
		this.#kind = kind;
		this.state = first.state;
		this.build = first.build;
		this.#facts = { everLive: false, heardMono: 0, heardAt: first.at, lostMono: null, trouble: null };
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
			this.#subscribe();
			void this.#checkClock(5);
		};
		const lost = () => {
			this.#facts.lostMono ??= performance.now();
			this.#waiting = null;
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
		socket.on('connect', connected);
		socket.on('disconnect', lost);
		socket.on('update', update);
		socket.on('heartbeat', heartbeat);
		socket.on('trouble', trouble);
		if (socket.connected) connected();
		return () => {
			socket.off('connect', connected);
			socket.off('disconnect', lost);
			socket.off('update', update);
			socket.off('heartbeat', heartbeat);
			socket.off('trouble', trouble);
			if (socket.connected) socket.emit('unsubscribe', this.#kind.topic);
		};
	}

	#subscribe(): void {
		if (!this.#socket?.connected || this.#waiting) return;
		clearTimeout(this.#retry);
		this.#waiting = [];
		void this.#askForSnapshot(this.#socket, ++this.#asked);
	}

	async #askForSnapshot(socket: LiveSocket, asked: number): Promise<void> {
		const reply = await answered<Snapshot<unknown> | { error: string }>((answer) =>
			socket.timeout(ANSWER_WITHIN_MS).emit('subscribe', this.#kind.topic, answer)
		);
		if (asked !== this.#asked) return;
		const waiting = this.#waiting ?? [];
		this.#waiting = null;
		if (reply === null || 'error' in reply) {
			if (reply) this.#facts.trouble ??= { since: this.#kind.clock.exactly(), reason: reply.error };
			this.#retry = setTimeout(() => {
				this.#subscribe();
			}, jitter(2_000));
			return;
		}
		// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the topic that was asked for decides it
		this.#snapshot(reply as Snapshot<S>);
		for (const message of waiting) this.#update(message);
	}

	#snapshot(snapshot: Snapshot<S>): void {
		this.#position = { epoch: snapshot.epoch, seq: snapshot.seq };
		this.state = snapshot.state;
		this.build = snapshot.build;
		this.#heard(snapshot.at);
	}

	#update(message: Update<C>): void {
		if (this.#waiting) {
			if (this.#waiting.length < WAITING_KEPT) this.#waiting.push(message);
			return;
		}
		const verdict = judgeUpdate(this.#position, message);
		if (verdict === 'resync') {
			this.#subscribe();
			return;
		}
		this.#heard(message.at);
		if (verdict === 'ignore') return;
		this.#position = { epoch: message.epoch, seq: message.seq };
		const next = this.state === null ? this.#kind.begin(message.change) : this.#kind.apply(this.state, message.change);
		if (next === null) {
			this.#subscribe();
			return;
		}
		this.state = next;
		if (message.commit) void this.#measure(message.commit);
	}

	#heartbeat(message: Heartbeat): void {
		this.build = message.build;
		if (!this.#waiting && judgeHeartbeat(this.#position, message) === 'resync') {
			this.#subscribe();
			return;
		}
		this.#heard(message.at);
		if (++this.#beats % BEATS_PER_CLOCK_CHECK === 0) void this.#checkClock(3);
	}

	#heard(at: Millis): void {
		this.#facts = { everLive: true, heardMono: performance.now(), heardAt: at, lostMono: null, trouble: null };
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

	/** Counts only what somebody could see: a hidden page gets no frames, and would report its sleep. */
	async #measure(commit: CommitMark): Promise<void> {
		await tick();
		if (document.visibilityState !== 'visible') return;
		requestAnimationFrame(() => {
			// Below zero is the error of the clocks, not a message from the future.
			const took = Math.max(0, this.#kind.clock.exactly() - commit.at);
			this.#latencies = withSample(this.#latencies, took, LATENCIES_KEPT);
			const [p50, p95] = [percentile(this.#latencies, 0.5), percentile(this.#latencies, 0.95)];
			if (p50 !== null && p95 !== null) this.latency = { p50, p95, count: this.#latencies.length };
		});
	}
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
