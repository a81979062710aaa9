/** What the pages about shops read: the list with those that need attention, and one shop. */
import type { Buckets, QueryFault } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { remembered } from '../remembered';
import { shopsInNeed } from './attention';
import { SHOP_FILTERS, shopList, type ShopList, type ShopsAsked } from './list';
import { shopPage } from './page';

/** The rules look at days: nobody needs their answer anew with each commit. */
const ATTENTION_AGE_MS = 10_000;

/**
 * @param sql a pool that commits do not need
 * @param clock milliseconds since 1970, by which it is said who needs attention now
 */
export function shops(sql: Sql, clock: () => Millis = Date.now) {
	const attention = remembered(() => shopsInNeed(sql, clock()), ATTENTION_AGE_MS);
	return {
		filters: SHOP_FILTERS,
		async list(asked: ShopsAsked): Promise<ShopList | QueryFault> {
			return shopList(sql, asked, await attention());
		},
		/** @param isWhole whether all devices and products are named rather than those with most sessions */
		async shop(domain: string, range: ShopsAsked['range'], times: Buckets, isWhole = false) {
			const asked = { range, times, now: clock(), isWhole };
			const [shop, needs] = await Promise.all([shopPage(sql, domain, asked), attention()]);
			return shop && { ...shop, attention: needs.get(domain) ?? [] };
		}
	};
}
