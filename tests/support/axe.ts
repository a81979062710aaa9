/** What axe, which knows the rules of accessibility, finds on a page. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Each rule that is broken, with the elements that break it; empty when there is nothing. What is still moving is waited for. */
export async function axeFindings(page: Page): Promise<string[]> {
	await page.evaluate(axe.source);
	const violations = await page.evaluate(async () => {
		// Elements that are still fading in have colours of no meaning.
		const moving = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
		await Promise.allSettled(moving.map((animation) => animation.finished));
		return (await (window as unknown as { axe: typeof axe }).axe.run({ resultTypes: ['violations'] })).violations;
	});
	return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n')}`);
}
