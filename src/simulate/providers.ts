/** The AI providers and models of a run, with prices of the size that such services ask. */
import type { Random } from './random';

export type Operation = 'inpaint' | 'segment' | 'upscale' | 'remove_bg';

export interface Model {
	provider: string;
	model: string;
	modelVersion: string;
	/** Millionths of a dollar. */
	price: number;
	/** Median time in milliseconds. */
	takes: number;
}

const model = (provider: string, name: string, modelVersion: string, price: number, takes: number): Model => ({
	provider,
	model: name,
	modelVersion,
	price,
	takes
});

export const MODELS: Record<Operation, readonly Model[]> = {
	inpaint: [
		model('fal', 'flux-pro-fill', '1.0', 50_000, 6_200),
		model('replicate', 'flux-fill-dev', 'ca8350ff', 40_000, 7_800),
		model('google', 'gemini-2.5-flash-image', '2025-10', 39_000, 5_400),
		model('openai', 'gpt-image-1', '2025-04-23', 63_000, 11_500),
		model('stability', 'sd3.5-inpaint', '3.5', 30_000, 4_900)
	],
	segment: [model('replicate', 'sam-2', 'fe97b453', 1_350, 1_400), model('fal', 'evf-sam', '2.0', 2_100, 1_100)],
	upscale: [
		model('fal', 'clarity-upscaler', '1.2', 12_500, 3_600),
		model('replicate', 'real-esrgan', 'f121d640', 2_300, 2_400)
	],
	remove_bg: [model('photoroom', 'segment', 'v1', 20_000, 900), model('replicate', 'rembg', 'fb8af171', 3_800, 1_800)]
};

/** A shop's own provider three times out of four, else another one. */
export function modelFor(random: Random, operation: Operation, preferred: number): Model {
	const models = MODELS[operation];
	const own = models[preferred % models.length];
	return own !== undefined && random.chance(0.75) ? own : random.pick(models);
}
