/** Pictures in and out of the canvas. Nothing here leaves the browser. */
import type { Pixels } from './fill';
import type { Placement } from './placement';

/** All photos are worked on in this size. */
export const PHOTO = { width: 960, height: 720 } as const;

/** @throws when it is no picture */
export async function loadPicture(url: string): Promise<HTMLImageElement> {
	const picture = new Image();
	picture.src = url;
	await picture.decode();
	return picture;
}

/** The middle of a picture, as large as fits the photo's shape. */
export function toPhoto(source: CanvasImageSource, width: number, height: number): Pixels {
	const scale = Math.max(PHOTO.width / width, PHOTO.height / height);
	const [w, h] = [width * scale, height * scale];
	const context = newCanvas();
	context.drawImage(source, (PHOTO.width - w) / 2, (PHOTO.height - h) / 2, w, h);
	return context.getImageData(0, 0, PHOTO.width, PHOTO.height);
}

/** Puts pixels on a canvas of their size. */
export function show(canvas: HTMLCanvasElement, pixels: Pixels): CanvasRenderingContext2D | null {
	const context = canvas.getContext('2d');
	context?.putImageData(toImageData(pixels), 0, 0);
	return context;
}

/** Draws the product where it is placed, on a shadow that makes it stand. */
export function drawProduct(
	context: CanvasRenderingContext2D,
	product: HTMLImageElement,
	{ x, y, size, angle }: Placement
): void {
	const width = size * PHOTO.width;
	const height = width * shapeOf(product);
	context.save();
	context.translate(x * PHOTO.width, y * PHOTO.height);
	context.rotate((angle * Math.PI) / 180);
	context.save();
	context.scale(1, 0.09);
	const shadow = context.createRadialGradient(0, 0, width * 0.2, 0, 0, width * 0.56);
	shadow.addColorStop(0, 'rgb(30 20 12 / 0.5)');
	shadow.addColorStop(1, 'rgb(30 20 12 / 0)');
	context.fillStyle = shadow;
	context.fillRect(-width, -width, 2 * width, 2 * width);
	context.restore();
	context.drawImage(product, -width / 2, -height, width, height);
	context.restore();
}

/** Height by width. */
export function shapeOf(picture: HTMLImageElement): number {
	return picture.naturalHeight / picture.naturalWidth;
}

/** A tint over what is marked, to be drawn on top of the photo. */
export function tint(
	marked: Uint8Array,
	[red, green, blue, alpha]: readonly [number, number, number, number]
): ImageData {
	const data = new ImageData(PHOTO.width, PHOTO.height);
	// One 32-bit write a pixel: this is drawn at each move of the pointer.
	const words = new Uint32Array(data.data.buffer);
	const word = new Uint32Array(new Uint8Array([red, green, blue, alpha]).buffer)[0] ?? 0;
	for (let at = 0; at < marked.length; at++) if (marked[at]) words[at] = word;
	return data;
}

/** Hands a canvas to the shopper as a file. */
export function download(canvas: HTMLCanvasElement, name: string): void {
	canvas.toBlob((blob) => {
		if (!blob) return;
		const link = document.createElement('a');
		link.href = URL.createObjectURL(blob);
		link.download = name;
		link.click();
		URL.revokeObjectURL(link.href);
	}, 'image/png');
}

function toImageData({ width, height, data }: Pixels): ImageData {
	const image = new ImageData(width, height);
	image.data.set(data);
	return image;
}

function newCanvas(): CanvasRenderingContext2D {
	const canvas = Object.assign(document.createElement('canvas'), PHOTO);
	const context = canvas.getContext('2d', { willReadFrequently: true });
	if (!context) throw new Error('this browser has no 2d canvas');
	return context;
}
