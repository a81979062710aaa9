/** What Tab comes to on a page. Both run in the page: the first begins to follow the focus, the second tells what was wrong. */

interface TabStops {
	/** What can be reached now, in the order of the page. */
	reachable: () => Element[];
	/** What had the focus since, and whether that could be seen. */
	stops: { element: Element; isSeen: boolean }[];
}

declare global {
	interface Window {
		tabStops?: TabStops;
	}
}

/** Notes from now on what has the focus. @returns how much can be reached */
export function followFocus(): number {
	const every = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
	const isNone = ':disabled, [type="hidden"], [tabindex="-1"]';
	const reachable = () =>
		[...document.querySelectorAll(every)].filter((one) => !one.matches(isNone) && one.checkVisibility({ visibilityProperty: true }));
	const stops: TabStops['stops'] = [];
	document.addEventListener('focusin', ({ target }) => {
		if (!(target instanceof Element)) return;
		const { outlineStyle, outlineWidth } = getComputedStyle(target);
		const { width, height } = target.getBoundingClientRect();
		stops.push({ element: target, isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && width > 1 && height > 1 });
	});
	window.tabStops = { reachable, stops };
	return reachable().length;
} // prettier-ignore

/** What was wrong with the stops since: not seen, out of order, or never reached, for instance behind one that lets nobody go. */
export function faultsOfStops(): string[] {
	const { reachable, stops } = window.tabStops ?? { reachable: () => [document.body], stops: [] };
	const nameOf = (one: Element) => one.outerHTML.replaceAll(/\s+/g, ' ').slice(0, 160);
	const faults = stops.filter(({ isSeen }) => !isSeen).map(({ element }) => `not seen: ${nameOf(element)}`);
	const order = [...new Set(stops.map(({ element }) => element))];
	const isBehind = (a: Element, b: Element) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) === 0;
	const turned = order.find((one, index) => index > 0 && order[index - 1] !== undefined && !isBehind(one, order[index - 1] ?? one));
	if (turned) faults.push(`out of order: ${nameOf(turned)}`);
	for (const one of reachable()) if (!order.includes(one)) faults.push(`never reached: ${nameOf(one)}`);
	return faults;
} // prettier-ignore
