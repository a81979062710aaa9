/**
 * One topic's numbered messages and its snapshots. It guarantees that the numbers of a topic have no holes within one
 * life of the process, and that a snapshot's number is not above what it contains: updates with a higher number apply
 * on top of it. However many screens ask at once, at most two reads answer them all.
 */
import type { CommitMark, Heartbeat, Snapshot, Topic, Update } from '../../live/messages';

/** What sends to all sockets in a room. */
export interface Outlet {
	update(room: string, message: Update<object>): void;
	heartbeat(room: string, message: Heartbeat): void;
	/** Sockets in the room. */
	subscribers(room: string): number;
}

/** A session with three steps, or an event with its data. */
const BYTES_PER_ROW = 650;

export interface RoomOptions<S> {
	/** What screens call it. */
	topic: Topic;
	/** What the server calls it: a topic has a room for each view of it. */
	name: string;
	/** Random for each life of the process. */
	epoch: string;
	build: string;
	/** The number to go on from: above all that this topic may have had before in this process. */
	seq: number;
	outlet: Outlet;
	/** The whole state; null when there is none. */
	read: () => Promise<S | null>;
}

export class Room<S> {
	readonly topic: Topic;
	readonly name: string;
	readonly #options: RoomOptions<S>;
	#seq: number;
	/** The snapshot that is being read, and the number at which its reading began. */
	#reading: { seq: number; snapshot: Promise<Snapshot<S>> } | null = null;
	/** The one that will be read next, for those who came too late for it. */
	#next: Promise<Snapshot<S>> | null = null;

	constructor(options: RoomOptions<S>) {
		this.topic = options.topic;
		this.name = options.name;
		this.#options = options;
		this.#seq = options.seq;
	}

	/** The number of the last update. */
	get seq(): number {
		return this.#seq;
	}

	isEmpty(): boolean {
		return this.#options.outlet.subscribers(this.name) === 0;
	}

	/**
	 * Sends a change to all screens of the topic, as the next number.
	 * @param rows how many rows it has
	 * @returns about how many bytes go out for it, over all screens
	 */
	emit(change: object, commit: CommitMark | null, rows = 1): number {
		const { epoch, outlet } = this.#options;
		outlet.update(this.name, { topic: this.topic, epoch, seq: ++this.#seq, at: Date.now(), commit, change });
		// To know it exactly, the message would have to be serialised twice.
		return outlet.subscribers(this.name) * rows * BYTES_PER_ROW;
	}

	heartbeat(): void {
		const { epoch, build, outlet } = this.#options;
		outlet.heartbeat(this.name, { topic: this.topic, epoch, seq: this.#seq, at: Date.now(), build });
	}

	/**
	 * The state now. Whoever asks has joined the room before, and gets all later updates; one that was sent between the
	 * beginning of a read and their joining they would miss, so that read is not for them.
	 */
	snapshot(): Promise<Snapshot<S>> {
		const reading = this.#reading;
		if (!reading) return this.#read();
		if (reading.seq === this.#seq) return reading.snapshot;
		this.#next ??= reading.snapshot.then(
			() => this.#readNext(),
			() => this.#readNext()
		);
		return this.#next;
	}

	#readNext(): Promise<Snapshot<S>> {
		this.#next = null;
		return this.#read();
	}

	#read(): Promise<Snapshot<S>> {
		const { epoch, build, read } = this.#options;
		const seq = this.#seq;
		const snapshot = read().then((state) => ({ topic: this.topic, epoch, seq, at: Date.now(), build, state }));
		const reading = { seq, snapshot };
		this.#reading = reading;
		const over = () => {
			if (this.#reading === reading) this.#reading = null;
		};
		snapshot.then(over, over);
		return snapshot;
	}
}
