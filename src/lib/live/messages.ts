/**
 * What server and browser say to each other about live state.
 *
 * A push is a state, not an instruction: every row carries a `version` that only grows, and a client keeps the
 * newest whatever order messages come in. Every message of a topic is numbered (`seq`) within one life of a server
 * process (`epoch`); a client that sees a number missing, or another epoch, asks for a snapshot. So a slow screen, a
 * reconnect and a restart of the server are one case.
 *
 * Times are milliseconds since 1970 (UTC). Money is a decimal string in US dollars, never a float.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;
/** An exact decimal number as text, such as "12.3400". */
export type Decimal = string;

export const CONTROL_ROOM = 'control-room';

/** That something was committed, and no more: what pages follow that read their own lists. */
export const CHANGES = 'changes';

/** What a page can subscribe to: the Control Room, one session, or that anything changed. */
export type Topic = typeof CONTROL_ROOM | typeof CHANGES | `session:${string}`;

/** The topic of one session. */
export function sessionTopic(sessionId: string): Topic {
	return `session:${sessionId}`;
}

/** The session a topic is about, or null for any other topic. */
export function sessionOfTopic(topic: string): string | null {
	return topic.startsWith('session:') && topic.length > 8 ? topic.slice(8) : null;
}

/** One of a session's steps as it stands now. `step` and `status` are the clients' words, usually of the known lists. */
export interface StepState {
	step: string;
	status: string | null;
	startedAt: Millis | null;
	completedAt: Millis | null;
	/** As the client measured it; null when it did not say. */
	durationMs: number | null;
}

/** A session as a lane or a row of a list shows it. */
export interface SessionCard {
	sessionId: string;
	/** The number of the session's events: grows by every change, so the larger one is the newer state. */
	version: number;
	shop: string | null;
	product: string | null;
	deviceType: string | null;
	/** in_progress, completed, abandoned, error, or another word that a client sent. */
	status: string;
	startedAt: Millis;
	/** Time of the session's latest event. */
	updatedAt: Millis;
	endedAt: Millis | null;
	durationMs: number | null;
	currentStep: string | null;
	/** The type of the client's latest event: all that some clients say of where a session is. */
	activity: string | null;
	abandonmentStep: string | null;
	abandonmentReason: string | null;
	/** Steps that have begun, in the order in which they began. */
	steps: StepState[];
	errorCount: number;
	aiCost: Decimal;
}

/** A session on the wall: on a screen that hides figures it costs null. */
export interface WallCard extends Omit<SessionCard, 'aiCost'> {
	aiCost: Decimal | null;
}

/** An error as the wall lists it. */
export interface ErrorCard {
	/** The id of the error's event, unique together with its shop. */
	id: string;
	sessionId: string | null;
	shop: string | null;
	code: string | null;
	message: string | null;
	/** critical, error, warning, or another word that a client sent. */
	severity: string;
	step: string | null;
	at: Millis;
}

/** A key figure: its value over its window, and over the same window ending 24 hours earlier. null = no data, which is not 0. */
export interface Figure<T = number> {
	value: T | null;
	yesterday: T | null;
}

/** The key figures. `windowMs` is the length of the window of all but the active sessions, which are counted at `at`. */
export interface Figures {
	at: Millis;
	/** They are not for this screen: every value is null. */
	hidden?: true;
	windowMs: number;
	activeSessions: Figure;
	/** Completed ÷ ended sessions, 0 to 1; null while none has ended. */
	successRate: Figure & { completed: number; ended: number };
	activeShops: Figure;
	aiCost: Figure<Decimal>;
	errors: Figure;
}

/** How long a step usually takes, from recent sessions: what a lane that is stuck is measured by. */
export interface StepPace {
	step: string;
	p50Ms: number;
	p95Ms: number;
	samples: number;
}

/** All that the Control Room shows. */
export interface WallState {
	figures: Figures;
	/** Active sessions (the latest changed ones, bounded) and the latest ended ones together; the status tells which. */
	sessions: WallCard[];
	/** The latest errors, newest first. */
	errors: ErrorCard[];
	pace: StepPace[];
}

/** A change of the Control Room: only what changed is there. Sessions and errors are whole rows to merge by id. */
export interface WallChange {
	figures?: Figures;
	sessions?: WallCard[];
	errors?: ErrorCard[];
	pace?: StepPace[];
	/** The sessions and errors here are all there are: others are gone. Sent after anything may have been missed. */
	replace?: boolean;
}

/** An event of the log, as the session page shows it raw. */
export interface EventRow {
	id: string;
	type: string;
	shop: string | null;
	/** Client time where there is one, else server time. */
	at: Millis;
	clientTime: Millis | null;
	serverTime: Millis;
	data: unknown;
	device: unknown;
	userAgent: string | null;
	ip: string | null;
	/** The write key that vouched for it; null: none did. */
	keyId: string | null;
}

/** An AI request of a session. */
export interface AiRequestRow {
	id: string;
	requestId: string | null;
	provider: string | null;
	model: string | null;
	operation: string | null;
	step: string | null;
	status: string | null;
	at: Millis;
	durationMs: number | null;
	costUsd: Decimal | null;
	isRegeneration: boolean;
	errorMessage: string | null;
}

/** A step with all that its row says. */
export interface StepRow extends StepState {
	retakeCount: number;
	maskEditCount: number;
	placementAdjustments: number;
	regenerationCount: number;
	autoVsManual: string | null;
	autoConfidence: number | null;
	errorCode: string | null;
	errorMessage: string | null;
}

/** An error of a session, with the key of its group. */
export interface SessionError extends ErrorCard {
	group: string;
}

/** The whole story of one session. */
export interface SessionStory {
	session: SessionCard & {
		productId: string | null;
		productPrice: Decimal | null;
		os: string | null;
		osVersion: string | null;
		browser: string | null;
		browserVersion: string | null;
		entryPoint: string | null;
		referrer: string | null;
		flow: string | null;
		env: string | null;
		postArAction: string | null;
		addedToCart: boolean;
		regenerationCount: number;
		regenerationCost: Decimal;
		eventCount: number;
	};
	steps: StepRow[];
	aiRequests: AiRequestRow[];
	errors: SessionError[];
	/** The latest events (bounded), oldest first. */
	events: EventRow[];
	/** How many events of the session are older than the first one here. */
	earlierEvents: number;
}

/** A change of one session: the whole story but for the events, which are only the new ones, to merge by shop and id. */
export type StoryChange = SessionStory;

/** What is known of changes without reading anything: the newest commit heard of; null before the first. */
export interface ChangesState {
	commit: CommitMark | null;
}

/** What commits changed. Both when anything may have been missed. */
export interface Changes {
	/** Sessions, and so all that belongs to them. */
	sessions: boolean;
	/** There are new errors. */
	errors: boolean;
}

/** The newest commit that a message knows of. */
export interface CommitMark {
	id: string;
	/** When it was committed, by the server's clock. */
	at: Millis;
}

interface Numbered {
	topic: Topic;
	epoch: string;
	seq: number;
	/** When the server made this message, by its own clock. */
	at: Millis;
}

/** The whole state of a topic. `state` is null when there is none (a session without events). */
export interface Snapshot<S> extends Numbered {
	/** The build that the server runs; a client of another build reloads itself. */
	build: string;
	state: S | null;
}

/** A change of a topic. `commit` is the newest commit in it, from which the screen measures commit-to-pixel. */
export interface Update<C> extends Numbered {
	commit: CommitMark | null;
	change: C;
}

/** Says every 2 seconds that the whole way from the database to the screen works; not sent while it does not. */
export interface Heartbeat extends Numbered {
	build: string;
}

/** Says that the server lives but can't vouch for its data (database away, deaf to notifications). */
export interface Trouble {
	since: Millis;
	reason: string;
}

/** The state of some topic. */
export type TopicState = WallState | SessionStory | ChangesState;

/** What the server sends. */
export interface ServerToClient {
	update: (message: Update<WallChange | StoryChange | Changes>) => void;
	heartbeat: (message: Heartbeat) => void;
	trouble: (message: Trouble) => void;
	/** To a screen: load the page anew. */
	reload: () => void;
}

/** What a screen says of itself. */
export interface DisplayState {
	/** The build that it runs. */
	build: string;
	/** Of the page, in CSS pixels. */
	width: number;
	height: number;
}

/** What comes with the refusal of a socket that may not be here, beside the reason in words. */
export interface Refusal {
	refused: true;
}

/** What a client asks. `subscribe` joins the topic's room and answers with its snapshot, or with why not. */
export interface ClientToServer {
	subscribe: (topic: string, answer: (reply: Snapshot<TopicState> | { error: string }) => void) => void;
	unsubscribe: (topic: string) => void;
	/** Answers with the server's clock, so that the client knows how far its own is off. */
	clock: (answer: (serverTime: Millis) => void) => void;
	/** A screen's heartbeat. */
	display: (state: DisplayState) => void;
}
