/** What the pages about shops read: the list with those that need attention, and one shop. */
import { isFault, type Buckets, type QueryFault } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { remembered } from '../remembered';
import { shopsInNeed } from './attention';
import { SHOP_FILTERS, shopList, shopTrends, type ShopList, type ShopRow, type ShopsAsked } from './list';
import { shopPage } from './page';

/** The rules look at days: nobody needs their answer anew with each commit. */
const ATTENTION_AGE_MS = 10_000;

/** A shop with its sessions over the range. */
export interface ShopWithTrend extends ShopRow {
	trend: number[];
}

/**
 * @param sql a pool that commits do not need
 * @param clock milliseconds since 1970, by which it is said who needs attention now
 */
export function shops(sql: Sql, clock: () => Millis = Date.now) {
	const attention = remembered(() => shopsInNeed(sql, clock()), ATTENTION_AGE_MS);
	return {
		filters: SHOP_FILTERS,
		async list(
			asked: ShopsAsked
		): Promise<(Omit<ShopList, 'rows'> & { rows: ShopWithTrend[]; edges: Millis[] }) | QueryFault> {
			const list = await shopList(sql, asked, await attention());
			if (isFault(list)) return list;
			const { edges, sessions } = await shopTrends(sql, asked.range, list.rows.map(({ domain }) => domain)); // prettier-ignore
			return { ...list, edges, rows: list.rows.map((row) => ({ ...row, trend: sessions.get(row.domain) ?? [] })) };
		},
		async shop(domain: string, range: ShopsAsked['range'], times: Buckets) {
			const [shop, needs] = await Promise.all([shopPage(sql, domain, range, times), attention()]);
			return shop && { ...shop, attention: needs.get(domain) ?? [] };
		}
	};
}
