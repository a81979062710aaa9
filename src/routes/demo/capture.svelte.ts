/** The first step: a photo of the room, by the camera, from a file, or the sample. The photo stays in this page. */
import type { Pixels } from './fill';
import { loadPicture, toPhoto } from './picture';
import type { Session } from './told.svelte';

export const SAMPLE = '/demo/room.svg';

export class Capture {
	stream = $state.raw<MediaStream | null>(null);
	photo = $state.raw<Pixels | null>(null);
	/** What the shopper reads when a way to a photo did not work. */
	trouble = $state<string | null>(null);
	/** Where the photo came from: the sample's furniture is known. */
	source = $state<'camera' | 'file' | 'sample'>('sample');
	retakes = 0;
	readonly #session: Session;

	constructor(session: Session) {
		this.#session = session;
	}

	/** Asks for the camera. A refusal is the shopper's right: it is told, and the other ways stay open. */
	async openCamera(): Promise<void> {
		this.trouble = null;
		try {
			// Pages without a secure context have no mediaDevices at all.
			const devices = navigator.mediaDevices as MediaDevices | undefined;
			if (!devices) throw new DOMException('The page has no access to a camera', 'NotSupportedError');
			const video = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 960 } };
			this.stream = await devices.getUserMedia({ video, audio: false });
			this.source = 'camera';
		} catch (error) {
			const refused = error instanceof DOMException && error.name === 'NotAllowedError';
			this.trouble = refused
				? 'The camera stays off, as you wish. The sample photo, or one of your own, does as well.'
				: 'No camera could be opened. The sample photo, or one of your own, does as well.';
			this.#session.error(refused ? 'CAMERA_DENIED' : 'CAMERA_UNAVAILABLE', {
				errorMessage: error instanceof Error ? error.message : String(error),
				severity: 'warning',
				isUserFacing: true
			});
		}
	}

	/** Takes the picture that the camera shows. */
	take(video: HTMLVideoElement): void {
		this.photo = toPhoto(video, video.videoWidth, video.videoHeight);
		this.closeCamera();
	}

	async takeSample(): Promise<void> {
		await this.#load('sample', async () => {
			const picture = await loadPicture(SAMPLE);
			return toPhoto(picture, picture.naturalWidth, picture.naturalHeight);
		});
	}

	async takeFile(file: File): Promise<void> {
		await this.#load('file', async () => {
			// An image element would need an address, and pages take pictures from their own server alone.
			const picture = await createImageBitmap(file);
			return toPhoto(picture, picture.width, picture.height);
		});
	}

	async #load(source: 'file' | 'sample', load: () => Promise<Pixels>): Promise<void> {
		this.trouble = null;
		this.closeCamera();
		try {
			this.photo = await load();
			this.source = source;
		} catch {
			this.trouble = 'That file is no picture that this browser can show.';
			this.#session.error('PHOTO_UNREADABLE', {
				errorMessage: this.trouble,
				severity: 'warning',
				isUserFacing: true
			});
		}
	}

	retake(): void {
		this.retakes++;
		this.#session.userAction('retake_photo', { source: this.source });
		this.reset();
	}

	reset(): void {
		this.closeCamera();
		this.photo = null;
		this.trouble = null;
	}

	closeCamera(): void {
		this.stream?.getTracks().forEach((track) => track.stop());
		this.stream = null;
	}
}
