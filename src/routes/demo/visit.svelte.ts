/**
 * One visit to the feature, from the button to the cart: which of the five steps it is in, and every event that a shop
 * would send about it, in the order in which it happens. The steps' own doings are in the classes beside this one.
 */
import type { Step } from '$lib/events/vocabulary';
import { Capture } from './capture.svelte';
import type { Pixels } from './fill';
import { Filling } from './filling.svelte';
import { Masking } from './masking.svelte';
import { Placing } from './placing.svelte';
import { PRODUCT } from './product';
import type { Session } from './told.svelte';

interface Failure {
	code: string;
	message: string;
}

/** What can go wrong in each step, when it is asked to. */
const FAILURES: Record<Step, Failure> = {
	room_capture: { code: 'CAMERA_LOST', message: 'The camera was gone before the photo was taken.' },
	mask: { code: 'MASK_LOST', message: 'The marked area could not be read.' },
	inpaint: { code: 'INPAINT_TIMEOUT', message: 'The service that empties the spot did not answer in time.' },
	placement: { code: 'MODEL_NOT_LOADED', message: 'The product’s model could not be loaded.' },
	final: { code: 'RENDER_FAILED', message: 'The picture could not be drawn.' }
};

export class Visit {
	step = $state<Step>('room_capture');
	/** What the step failed with; the shopper may try it again. */
	failure = $state<Failure | null>(null);
	ended = $state(false);
	zoom = $state(1);
	/** The photo without what was marked. */
	emptied = $state.raw<Pixels | null>(null);
	readonly capture: Capture;
	readonly masking: Masking;
	readonly filling: Filling;
	readonly placing: Placing;

	constructor(
		readonly session: Session,
		timeOnPageBeforeArMs: number
	) {
		this.capture = new Capture(session);
		this.masking = new Masking(session);
		this.filling = new Filling(session);
		this.placing = new Placing(session);
		session.start({ ...PRODUCT, entryPoint: 'product_page', flow: 'demo', timeOnPageBeforeArMs });
		this.#enter('room_capture');
	}

	#enter(step: Step): void {
		this.step = step;
		this.failure = null;
		this.session.step(step).start();
	}

	usePhoto(): void {
		const { retakes, source } = this.capture;
		this.session.step('room_capture').complete({ retakeCount: retakes, inputFile: source });
		this.masking.clear();
		this.#enter('mask');
	}

	useMask(): void {
		const { edits, method } = this.masking;
		this.session.step('mask').complete({ maskEditCount: edits, autoVsManual: method });
		this.#enter('inpaint');
		this.fill();
	}

	/** The spot is empty as it is. */
	skipMask(): void {
		this.session.step('mask').skip();
		this.session.step('inpaint').skip();
		this.emptied = this.capture.photo;
		this.#enter('placement');
	}

	fill(again = false): void {
		if (this.capture.photo) void this.filling.fill(this.capture.photo, this.masking.mask, again);
	}

	editMask(): void {
		this.filling.cancel();
		this.#enter('mask');
	}

	useFill(): void {
		this.session.step('inpaint').complete({ regenerationCount: this.filling.regenerations });
		this.emptied = this.filling.result;
		this.#enter('placement');
	}

	usePlacement(): void {
		this.session.step('placement').complete({ placementAdjustments: this.placing.adjustments });
		this.zoom = 1;
		this.#enter('final');
	}

	zoomTo(zoom: number): void {
		// As the deployed clients say it: the direction stands where the action's name would.
		this.session.userAction('zoom_pan', { action: zoom > this.zoom ? 'zoom_in' : 'zoom_out' });
		this.zoom = zoom;
	}

	help(): void {
		this.session.userAction('help_click', { context: this.step });
	}

	/** Once more from the photo on, in the same session. */
	tryAgain(): void {
		this.capture.retake();
		this.placing.reset();
		this.#enter('room_capture');
	}

	/** The shopper is done with the picture. */
	finish(action: 'add_to_cart' | 'continue_browsing'): void {
		const addedToCart = action === 'add_to_cart';
		this.session.step('final').complete();
		this.session.postArAction(action, PRODUCT);
		if (addedToCart) this.session.addToCart(PRODUCT);
		this.session.end('completed', { postArAction: action, addedToCart });
		this.#end();
	}

	/** Lets the step fail, as one does when the shopper least needs it. */
	fail(): void {
		const { code, message } = FAILURES[this.step];
		if (this.step === 'inpaint') this.filling.fail(message);
		this.capture.closeCamera();
		this.session.error(code, { errorMessage: message, isUserFacing: true });
		this.session.step(this.step).fail({ errorCode: code, errorMessage: message });
		this.failure = { code, message };
	}

	retry(): void {
		this.#enter(this.step);
		if (this.step === 'inpaint') this.fill();
	}

	/** The shopper closes the feature before its end. */
	close(abandonmentReason: 'user_closed' | 'left_page'): void {
		if (this.ended) return;
		this.filling.cancel();
		if (this.step === 'final') this.session.postArAction('leave', PRODUCT);
		this.session.end('abandoned', { abandonmentReason });
		this.#end();
	}

	#end(): void {
		this.ended = true;
		this.capture.closeCamera();
	}
}
