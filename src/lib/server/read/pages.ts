/**
 * What the drill-down pages read: one file a page, each function a panel. The same functions feed the page, its CSV and
 * the API, so that the three cannot disagree.
 */
import type { Sql } from '../db/connect';
import { archived } from './archived';
import { audit } from './audit';
import { costs } from './costs';
import { errors } from './errors';
import { events } from './events';
import { journey } from './journey';
import { prices } from './costs/prices';
import { rejected } from './rejected';
import { search } from './search';
import { sessions } from './sessions';
import { setups } from './setups';
import { shopNames } from './shops/names';
import { shops } from './shops';
import { system } from './system';

/**
 * @param sql a pool of its own, so that slow reads never stand in the way of commits
 * @param sums the same for what adds up tallies: its statements are planned once, whatever range they are asked for
 */
export function createPages(sql: Sql, sums: Sql = sql) {
	return {
		archived: archived(sql),
		audit: audit(sql),
		costs: costs(sql, sums),
		errors: errors(sql, sums),
		events: events(sql, sums),
		journey: journey(sums),
		prices: prices(sql),
		rejected: rejected(sql),
		search: search(sql),
		sessions: sessions(sql),
		setups: setups(sql, sums),
		shopNames: shopNames(sql),
		shops: shops(sums),
		system: system(sql)
	};
}

export type Pages = ReturnType<typeof createPages>;
