/** A database that takes its time, so that a test which interrupts some work finds it in its middle. */
import type { Sql } from '../../src/lib/server/db/connect';

/**
 * From now on each such change of a row takes a while longer. However quick the machine is, and however late the test
 * comes to look, the work is not over by then.
 * @param change such as "insert on commits"
 */
export async function slowDown(sql: Sql, change: string, milliseconds: number): Promise<void> {
	await sql.unsafe(`
		create function take_a_while() returns trigger language plpgsql as $$
		begin
			perform pg_sleep(${milliseconds / 1_000});
			return null;
		end $$;
		create trigger slow after ${change} for each row execute function take_a_while()`);
}
