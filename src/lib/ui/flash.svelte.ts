/**
 * The one motion of the screens: what changed lights up once, for less than a second. Nothing loops, and nothing moves
 * for those who asked for no motion.
 */
import type { Attachment } from 'svelte/attachments';

const FLASH_MS = 900;

/**
 * Lights the element up whenever what `key` returns changes, and at once when it is `fresh`: its ground, or where it
 * is large and changes often only its letters.
 */
export function flash(
	key: () => unknown,
	fresh = false,
	what: 'ground' | 'letters' = 'ground'
): Attachment<HTMLElement> {
	return (node) => {
		let seen = !fresh;
		let last: unknown;
		$effect(() => {
			const now = key();
			if (seen ? last !== undefined && now !== last : true) light(node, what);
			seen = true;
			last = now;
		});
	};
}

function light(node: HTMLElement, what: 'ground' | 'letters'): void {
	if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
	for (const running of node.getAnimations()) if (running.id === 'flash') running.cancel();
	const from = what === 'ground' ? { backgroundColor: 'var(--flash)' } : { color: 'var(--tone-active)' };
	node.animate([{ offset: 0, ...from }], {
		id: 'flash',
		duration: FLASH_MS,
		easing: 'ease-out'
	});
}
