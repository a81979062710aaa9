/** What somebody says of a price in a form: what can be a price, or what is wrong, field by field, for the form to show. */

/** The fields of the form as texts, as they come and as they are shown again. */
export interface PriceForm {
	provider: string;
	model: string;
	operation: string;
	validFrom: string;
	priceUsd: string;
	by: string;
}

export type PriceFaults = Partial<Record<keyof PriceForm, string>>;

const LONGEST_WORD = 100;
const NOBODY = 'somebody';

/** The form as it was sent; what is missing is empty. @param known the name of who sent it, where a login says that */
export function readForm(data: FormData, known: string | null): PriceForm {
	const text = (name: keyof PriceForm): string => {
		const value = data.get(name);
		return typeof value === 'string' ? value.trim() : '';
	};
	return {
		provider: text('provider'),
		model: text('model'),
		operation: text('operation'),
		validFrom: text('validFrom'),
		priceUsd: text('priceUsd'),
		by: known ?? (text('by') || NOBODY)
	};
}

/** What is wrong with the form; empty when nothing is. @param takesBack whether it has no price to give */
export function faultsOf(form: PriceForm, takesBack = false): PriceFaults {
	const faults: PriceFaults = {};
	if (form.provider === '') faults.provider = 'Name the provider, as requests name it.';
	for (const name of ['provider', 'model', 'operation', 'by'] as const) {
		if (form[name].length > LONGEST_WORD) faults[name] = `At most ${LONGEST_WORD} characters.`;
		else if (/\p{Cc}/u.test(form[name])) faults[name] = 'Without line breaks and other control characters.';
	}
	if (!isDay(form.validFrom)) faults.validFrom = 'A day such as 2026-11-22, from 2000 to 2099.';
	if (!takesBack && !/^\d{1,6}(\.\d{1,6})?$/.test(form.priceUsd)) {
		faults.priceUsd = 'A number of US dollars such as 0.042, below 1,000,000, with at most 6 decimals.';
	}
	return faults;
}

function isDay(text: string): boolean {
	if (!/^20\d\d-\d\d-\d\d$/.test(text)) return false;
	const at = Date.parse(`${text}T00:00:00Z`);
	// What Date writes differs for the 30th of February.
	return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}
