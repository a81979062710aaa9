/** What goes wrong on shoppers' devices: codes, messages with numbers and names in them that vary, and stacks. */
import type { Step } from '../lib/events/vocabulary';
import type { Random } from './random';

export interface Fault {
	code: string;
	step: Step;
	severity: 'critical' | 'error' | 'warning';
	isUserFacing: boolean;
	/** Likelihood beside the others of its step. */
	weight: number;
	/** How often it is the end of the session. */
	fatal: number;
	message: (random: Random) => string;
	/** Where in the client it is thrown; none for faults without a stack. */
	from: string | null;
}

export const FAULTS: readonly Fault[] = [
	{
		code: 'CAMERA_PERMISSION_DENIED',
		step: 'room_capture',
		severity: 'error',
		isUserFacing: true,
		weight: 3,
		fatal: 0.5,
		message: () => 'NotAllowedError: Permission denied by the user or the system',
		from: 'openCamera'
	},
	{
		code: 'UPLOAD_TIMEOUT',
		step: 'room_capture',
		severity: 'error',
		isUserFacing: true,
		weight: 4,
		fatal: 0.3,
		message: (random) =>
			`Upload of room photo rm_${random.code(8)} timed out after ${30_000 + random.whole(1, 900)} ms (${random.whole(12, 97)} % sent)`,
		from: 'uploadRoom'
	},
	{
		code: 'IMAGE_TOO_LARGE',
		step: 'room_capture',
		severity: 'warning',
		isUserFacing: true,
		weight: 2,
		fatal: 0.1,
		message: (random) => `The photo has ${(random.whole(101, 240) / 10).toFixed(1)} MB, at most 10 MB are allowed`,
		from: null
	},
	{
		code: 'MASK_TOO_SMALL',
		step: 'mask',
		severity: 'warning',
		isUserFacing: true,
		weight: 3,
		fatal: 0.05,
		message: (random) => `The mask covers ${random.whole(4, 390)} px, at least 400 px are needed`,
		from: null
	},
	{
		code: 'SEGMENTATION_EMPTY',
		step: 'mask',
		severity: 'error',
		isUserFacing: false,
		weight: 2,
		fatal: 0.2,
		message: (random) =>
			`No segment found at (${random.whole(0, 1080)}, ${random.whole(0, 1920)}) for job seg-${random.code(10)}`,
		from: 'readSegments'
	},
	{
		code: 'INPAINT_BAD_RESPONSE',
		step: 'inpaint',
		severity: 'error',
		isUserFacing: true,
		weight: 3,
		fatal: 0.3,
		message: (random) =>
			`Job ${random.code(8)}-${random.code(4)} answered ${random.pick([500, 502, 503])}: upstream connect error`,
		from: 'awaitInpaint'
	},
	{
		code: 'RESULT_IMAGE_404',
		step: 'inpaint',
		severity: 'error',
		isUserFacing: true,
		weight: 2,
		fatal: 0.4,
		message: (random) =>
			`GET https://cdn.example.net/results/${random.whole(100_000, 999_999)}/out_${random.whole(0, 3)}.webp 404`,
		from: 'loadResult'
	},
	{
		code: 'WEBGL_CONTEXT_LOST',
		step: 'placement',
		severity: 'critical',
		isUserFacing: true,
		weight: 3,
		fatal: 0.7,
		message: (random) =>
			`WebGL context lost after ${random.whole(20, 900)} frames (GPU: ${random.pick(['Adreno 610', 'Mali-G57', 'Apple GPU'])})`,
		from: 'renderFrame'
	},
	{
		code: 'TypeError',
		step: 'placement',
		severity: 'error',
		isUserFacing: false,
		weight: 4,
		fatal: 0.15,
		message: (random) =>
			`Cannot read properties of undefined (reading '${random.pick(['width', 'matrix', 'texture'])}')`,
		from: 'placeProduct'
	},
	{
		code: 'PRODUCT_IMAGE_404',
		step: 'placement',
		severity: 'error',
		isUserFacing: true,
		weight: 2,
		fatal: 0.5,
		message: (random) =>
			`GET https://cdn.shopify.com/s/files/1/0${random.whole(100, 999)}/products/${random.whole(10_000, 99_999)}_1024x.png 404`,
		from: 'loadProductImage'
	},
	{
		code: 'QuotaExceededError',
		step: 'final',
		severity: 'warning',
		isUserFacing: false,
		weight: 2,
		fatal: 0,
		message: (random) =>
			`Failed to execute 'setItem' on 'Storage': value of 'seeit:result:${random.code(6)}' exceeded the quota`,
		from: 'keepResult'
	},
	{
		code: 'RENDER_OUT_OF_MEMORY',
		step: 'final',
		severity: 'critical',
		isUserFacing: true,
		weight: 1,
		fatal: 0.8,
		message: (random) => `Out of memory at ${random.whole(2048, 4096)} × ${random.whole(2048, 4096)} px`,
		from: 'composeFinal'
	}
];

const CALLERS = ['runStep', 'advance', 'onPointerUp', 'HTMLButtonElement.dispatch', 'flushTasks'];

/** The stack of a fault as a browser writes it, of one of a few deployed bundles. */
export function stackOf({ code, from }: Fault, message: string, random: Random): string | undefined {
	if (from === null) return undefined;
	const bundle = `https://cdn.example.net/see-it/${random.pick(['4.11.2', '4.12.0', '4.12.1'])}/see-it.min.js`;
	const frames = [from, random.pick(CALLERS), random.pick(CALLERS)];
	const lines = frames.map((name) => `    at ${name} (${bundle}:1:${random.whole(1_000, 98_000)})`);
	return [`${code}: ${message}`, ...lines].join('\n');
}
