/** What was typed into the form about forgetting, and what is wrong with it. */

export type Kind = 'session' | 'shop' | 'customer';

export interface WishForm {
	kind: Kind;
	sessionId: string;
	shopDomain: string;
	id: string;
	email: string;
	phone: string;
	/** The session, or the shop, once more. */
	confirmation: string;
}

export type WishFaults = Partial<Record<keyof WishForm, string>>;

export const KINDS: Record<Kind, string> = { session: 'A session', shop: 'A shop', customer: 'A person' };

/** The form as it was sent. */
export function readWish(form: FormData): WishForm {
	const text = (name: string): string => {
		const value = form.get(name);
		return typeof value === 'string' ? value.trim().slice(0, 255) : '';
	};
	const kind = text('kind');
	return {
		kind: kind === 'shop' || kind === 'customer' ? kind : 'session',
		sessionId: text('sessionId'),
		shopDomain: text('shopDomain'),
		id: text('id'),
		email: text('email'),
		phone: text('phone'),
		confirmation: text('confirmation')
	};
}

/** What is wrong, by field. */
export function faultsOf(form: WishForm): WishFaults {
	const faults: WishFaults = {};
	const name = form.kind === 'session' ? 'sessionId' : 'shopDomain';
	if (form[name] === '') faults[name] = form.kind === 'session' ? 'Which session?' : 'Which shop?';
	else if (form.confirmation !== form[name])
		faults.confirmation = `Type ${form[name]} once more: this cannot be undone.`;
	if (form.kind === 'customer' && !form.id && !form.email && !form.phone) faults.id = 'One of the three is needed.';
	return faults;
}

/** What is asked for. */
export function wishOf({ kind, sessionId, shopDomain, id, email, phone }: WishForm): object {
	if (kind === 'session') return { kind, sessionId };
	if (kind === 'shop') return { kind, shopDomain };
	return { kind, shopDomain, customer: { id: id || null, email: email || null, phone: phone || null } };
}
