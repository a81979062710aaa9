/**
 * What somebody typed or chose on a page before its script was there. Taking the page over, the script writes into each
 * field what the server had sent.
 */

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/**
 * Remembers it; to be called before the page is taken over.
 * @returns gives it back, and tells of it as the browser would have done; to be called afterwards
 */
export function keepEarlyInput(): () => void {
	// Before anybody has touched the page, it is the browser that fills fields of who comes back: that is no wish.
	const isTouched = 'userActivation' in navigator && navigator.userActivation.hasBeenActive;
	if (!isTouched) return () => undefined;
	const kept = [...document.querySelectorAll<Field>('input, select, textarea')].flatMap(changeOf);
	return () => {
		for (const { field, give, isChosen } of kept) {
			if (!field.isConnected) continue;
			give();
			field.dispatchEvent(new Event('input', { bubbles: true }));
			// Who is still typing has not chosen yet.
			if (isChosen || field !== document.activeElement) field.dispatchEvent(new Event('change', { bubbles: true }));
		}
	};
}

interface Change {
	field: Field;
	give: () => void;
	/** It is done with what was done, unlike a text that is being typed. */
	isChosen: boolean;
}

function changeOf(field: Field): Change[] {
	if (field instanceof HTMLSelectElement) {
		const options = [...field.options];
		const sent = options.find(({ defaultSelected }) => defaultSelected) ?? options[0];
		const { value } = field;
		return value === sent?.value ? [] : [{ field, give: () => (field.value = value), isChosen: true }];
	}
	if (field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio')) {
		const { checked } = field;
		// The other choice that a radio button takes the place of goes by itself.
		const isSame = checked === field.defaultChecked || (field.type === 'radio' && !checked);
		return isSame ? [] : [{ field, give: () => (field.checked = checked), isChosen: true }];
	}
	const { value } = field;
	return value === field.defaultValue || field.type === 'file'
		? []
		: [{ field, give: () => (field.value = value), isChosen: false }];
}
