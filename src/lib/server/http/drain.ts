/**
 * What is still to be answered, so that a server can end without breaking a promise. While it drains, a request that
 * comes on a connection kept alive is answered as always, and its connection closed after it: refusing it would lose
 * the events of a beacon, whose sender never reads the answer.
 */
export class InFlight {
	#count = 0;
	#draining = false;
	#whenEmpty: (() => void)[] = [];

	/** True once the server ends: connections are closed after their next answer. */
	get draining(): boolean {
		return this.#draining;
	}

	/** A request has come. The function that it returns says that it is over; further calls of it do nothing. */
	begin(): () => void {
		let over = false;
		this.#count++;
		return () => {
			if (over) return;
			over = true;
			if (--this.#count === 0) for (const tell of this.#whenEmpty.splice(0)) tell();
		};
	}

	/** Waits until nothing is to be answered, at most `milliseconds`. Resolves with how many requests are left. */
	async drain(milliseconds: number): Promise<number> {
		this.#draining = true;
		const deadline = Date.now() + milliseconds;
		// An answer's last bytes leave with the next turn of the loop, which may also bring the next request.
		for (;;) {
			await new Promise((resolve) => setTimeout(resolve, 20));
			if (this.#count === 0 || Date.now() >= deadline) return this.#count;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, deadline - Date.now());
				this.#whenEmpty.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}
}

/** One of the two servers, listening. */
export interface RunningServer {
	/** The port that it really has: the asked one, or what the system chose for 0. */
	port: number;
	inFlight: InFlight;
	/** Takes no further connections. */
	stopListening(): void;
	/** Ends all connections, WebSockets included, whatever they are doing. */
	close(): Promise<void>;
}
