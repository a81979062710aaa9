/** What the demo shop sells, in the fields of the events that name it. */
export const SHOP_DOMAIN = 'demo.example';

export const PRODUCT = {
	productId: 'sideboard-halden',
	productTitle: 'Halden walnut sideboard',
	productPrice: 1290
} as const;

export const PRICE = new Intl.NumberFormat('en', {
	style: 'currency',
	currency: 'USD',
	maximumFractionDigits: 0
}).format(PRODUCT.productPrice);

export const PICTURE = '/demo/sideboard.svg';
