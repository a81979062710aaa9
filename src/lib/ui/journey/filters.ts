/** The filters of the journey as those of the list of sessions. */
import type { ParamValue } from '$lib/query';

export interface JourneyFilters {
	shop: string | null;
	device: string | null;
	product: string | null;
}

/** Parameters that leave exactly the sessions of the journey in the list. A product is its whole title there too. */
export function sessionFilters({ shop, device, product }: JourneyFilters): Record<string, ParamValue> {
	return { shop, device, product_is: product };
}
