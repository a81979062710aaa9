/** Who does something in a test, as the audit keeps it. */
import type { Actor } from '../../src/lib/server/access/audit';

/** A user of this name, who need not exist. */
export function actor(name: string): Actor {
	return { visitor: { kind: 'user', id: name, name }, address: '198.51.100.7' };
}

/** Where it does not matter who. */
export const TESTER = actor('test');
