import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	emptyWall,
	endedSession,
	errorCard,
	figures,
	NOON,
	sessionCard,
	wallState
} from '../../../tests/support/states';
import type { WallChange } from './messages';
import { applyWall, isActive, KEPT } from './wall';

/** A row whose content follows from its id and version, as it does in a server that folds one log. */
const session = fc
	.record({ id: fc.integer({ min: 0, max: 8 }), version: fc.integer({ min: 1, max: 9 }) })
	.map(({ id, version }) =>
		sessionCard({
			sessionId: `s${id}`,
			version,
			updatedAt: NOON + version * 1000,
			status: (id + version) % 3 ? 'in_progress' : 'completed'
		})
	);
const change: fc.Arbitrary<WallChange> = fc.record(
	{
		sessions: fc.array(session, { maxLength: 6 }),
		errors: fc.array(
			fc.integer({ min: 0, max: 9 }).map((index) => errorCard(index)),
			{ maxLength: 4 }
		),
		figures: fc.integer({ min: 0, max: 20 }).map((n) => figures({ at: NOON + n, errors: { value: n, yesterday: 0 } }))
	},
	{ requiredKeys: [] }
);

describe('the wall', () => {
	it('ends in the same state whatever order changes come in and however often', () => {
		const changesTwice = fc.array(change, { maxLength: 12 }).chain((changes) =>
			fc.tuple(
				fc.constant(changes),
				fc.shuffledSubarray([...changes, ...changes], {
					minLength: changes.length * 2,
					maxLength: changes.length * 2
				})
			)
		);
		fc.assert(
			fc.property(changesTwice, ([inOrder, shuffled]) => {
				expect(shuffled.reduce(applyWall, emptyWall())).toEqual(inOrder.reduce(applyWall, emptyWall()));
			})
		);
	});

	it('keeps the newest version of a session', () => {
		const newer = sessionCard({ version: 5, status: 'completed' });
		const older = sessionCard({ version: 4 });
		const wall = applyWall(applyWall(emptyWall(), { sessions: [newer] }), { sessions: [older] });
		expect(wall.sessions).toEqual([newer]);
	});

	it('forgets what is no longer there when a change says that it is all', () => {
		const left = sessionCard({ sessionId: 'left' });
		const wall = applyWall(wallState(5), { sessions: [left], errors: [], replace: true });
		expect(wall.sessions).toEqual([left]);
		expect(wall.errors).toEqual([]);
	});

	it('leaves alone what a change does not speak of', () => {
		const before = wallState(3);
		const after = applyWall(before, { errors: [errorCard(99, NOON + 1_000_000)] });
		expect(after.figures).toBe(before.figures);
		expect(after.sessions).toBe(before.sessions);
	});

	it('does not grow, however many sessions end', () => {
		let wall = emptyWall();
		for (let n = 0; n < 500; n++) {
			const ended = { ...endedSession(n), sessionId: `e${n}` };
			wall = applyWall(wall, { sessions: [ended], errors: [{ ...errorCard(n), id: `x${n}` }] });
		}
		expect(wall.sessions).toHaveLength(KEPT.ended);
		expect(wall.errors).toHaveLength(KEPT.errors);
	});

	it('keeps active sessions apart from the bound of ended ones', () => {
		const wall = applyWall(wallState(40), {
			sessions: Array.from({ length: 50 }, (_, n) => ({ ...endedSession(n), sessionId: `e${n}` }))
		});
		expect(wall.sessions.filter(isActive)).toHaveLength(40);
	});
});
