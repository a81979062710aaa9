/**
 * The sessions of products, where those are few: products are few beside sessions, so their names are read from the
 * index of sessions by product, one step for each, and searched for what is asked. A product that nobody had is so known
 * to have no sessions without a look at any.
 */
import { wordOf } from '../../../query';
import type { Sql } from '../../db/connect';
import { time } from '../columns';
import { endOf, type SessionList } from './filters';

/** Products whose names are searched. */
export const MOST_PRODUCTS = 1_000;
/** As far as the index knows an id or a title. */
const KNOWN_CHARACTERS = 255;

/** Sessions among which are all of the product that is asked for; null where those or the products are too many. */
export async function sessionsOfProduct(sql: Sql, list: SessionList, most: number): Promise<string[] | null> {
	const { filters, by, range } = list;
	const { product } = filters;
	const word = filters.product_is === null ? null : wordOf(filters.product_is);
	if (product === null && word === null) return null;
	const id = sql`(coalesce(left(product_id, 255), '') collate "C")`;
	const title = sql`(coalesce(left(product_title, 255), '') collate "C")`;
	const inRange =
		by === 'started'
			? sql`started_at >= ${time(sql, range.from)} and started_at < ${time(sql, endOf(range))}`
			: sql`true`;
	const [row] = await sql<{ products: number | null; ids: string[] }[]>`
		with recursive products (id, title, place) as (
			(select ${id}, ${title}, 1 from sessions order by 1, 2 limit 1)
			union all
			select next.id, next.title, place + 1
			from products
			cross join lateral (
				select ${id} as id, ${title} as title from sessions
				where (${id}, ${title}) > (products.id, products.title)
				order by ${id}, ${title}
				limit 1
			) as next
			where place <= ${MOST_PRODUCTS}
		),
		meant as (
			select id, title from products
			where (${product}::text is null
					or id = left(${product}::text, ${KNOWN_CHARACTERS}) or strpos(lower(title collate "default"), lower(${product}::text)) > 0)
				and (${word}::text is null or ${KNOWN_CHARACTERS} in (length(id), length(title))
					or key_text(coalesce(nullif(title, ''), id)) = ${word}::text)
		)
		select
			(select max(place) from products) as products,
			array(
				select session_id
				from meant
				cross join lateral (
					select session_id from sessions
					where ${id} = meant.id and ${title} = meant.title and ${inRange}
					limit ${most + 1}
				) as own
				limit ${most + 1}
			) as ids`;
	if (!row || (row.products ?? 0) > MOST_PRODUCTS || row.ids.length > most) return null;
	return row.ids;
}
