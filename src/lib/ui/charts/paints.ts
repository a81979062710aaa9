/** The design's colours as a canvas can use them: the tokens hold a light and a dark value each, which only CSS resolves. */
import type { Tone } from '../words';

export interface Paints {
	text: string;
	muted: string;
	line: string;
	raised: string;
	font: { family: string; size: number };
	fill(tone: Tone): string;
	/** The tone's fill for what is not whole: lighter, and striped for who does not tell lightness apart. */
	hatched(tone: Tone): CanvasPattern | string;
}

const TILE = 8;

/** The colours that hold where the element stands. */
export function paints(element: HTMLCanvasElement): Paints {
	const token = (name: string): string => {
		element.style.color = `var(--${name})`;
		const colour = getComputedStyle(element).color;
		element.style.color = '';
		return colour;
	};
	const fill = (tone: Tone) => token(`fill-${tone}`);
	return {
		text: token('text'),
		muted: token('muted'),
		line: token('line'),
		raised: token('raised'),
		font: { family: getComputedStyle(element).fontFamily, size: 13 },
		fill,
		hatched: (tone) => stripes(fill(tone)) ?? fill(tone)
	};
}

function stripes(colour: string): CanvasPattern | null {
	const tile = document.createElement('canvas');
	tile.width = tile.height = TILE;
	const context = tile.getContext('2d');
	if (!context) return null;
	context.fillStyle = context.strokeStyle = colour;
	context.globalAlpha = 0.35;
	context.fillRect(0, 0, TILE, TILE);
	context.globalAlpha = 1;
	context.lineWidth = 2;
	context.beginPath();
	// The corners are drawn twice, so that tiles join.
	for (const shift of [-TILE, 0, TILE]) {
		context.moveTo(shift, TILE);
		context.lineTo(shift + TILE, 0);
	}
	context.stroke();
	return context.createPattern(tile, 'repeat');
}
