/** Lets a disclosure that lies over the page close as a menu does: by Escape, and by a click or the focus elsewhere. */
import type { Attachment } from 'svelte/attachments';

export const closesByItself: Attachment<HTMLDetailsElement> = (details) => {
	const elsewhere = (event: Event) => {
		if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
	};
	const escaped = (event: KeyboardEvent) => {
		if (event.key !== 'Escape' || !details.open) return;
		// It is for the menu, and not for the page behind it.
		event.preventDefault();
		details.open = false;
		details.querySelector('summary')?.focus();
	};
	const followed = (event: Event) => {
		if (event.target instanceof Element && event.target.closest('a')) details.open = false;
	};
	document.addEventListener('pointerdown', elsewhere);
	document.addEventListener('focusin', elsewhere);
	details.addEventListener('keydown', escaped);
	details.addEventListener('click', followed);
	return () => {
		document.removeEventListener('pointerdown', elsewhere);
		document.removeEventListener('focusin', elsewhere);
		details.removeEventListener('keydown', escaped);
		details.removeEventListener('click', followed);
	};
};
