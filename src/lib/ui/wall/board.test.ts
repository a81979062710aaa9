import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeSession, NOON, sessionCard } from '../../../../tests/support/states';
import { arrange, LAYOUTS, type Board } from './board';

const crowd = (count: number, from = 0) => Array.from({ length: count }, (_, index) => activeSession(from + index));
const shown = (board: Board) => board.places.filter((id) => id !== null);

describe('the board', () => {
	it('leaves lanes where they are when another session ends', () => {
		const sessions = crowd(5);
		const before = arrange(null, sessions);
		const gone = before.places[1];
		const after = arrange(
			before,
			sessions.filter((session) => session.sessionId !== gone)
		);
		expect(after.places).toEqual(before.places.map((id) => (id === gone ? null : id)));
	});

	it('gives a new session the free place', () => {
		const sessions = crowd(3);
		const before = arrange(null, sessions);
		const after = arrange(before, [...sessions, sessionCard({ sessionId: 'new' })]);
		expect(after.places.slice(0, 4)).toEqual([...before.places.slice(0, 3), 'new']);
	});

	it('gives a new session the place of the one that has been quiet longest when it is full', () => {
		const sessions = crowd(30).map((session, index) => ({ ...session, updatedAt: NOON + index }));
		const before = arrange(null, sessions);
		const after = arrange(before, [...sessions, sessionCard({ sessionId: 'new', updatedAt: NOON + 99 })]);
		expect(after.places[before.places.indexOf(sessions[0]?.sessionId ?? '')]).toBe('new');
		expect(shown(after)).toHaveLength(30);
	});

	it('does not swap lanes because a session without a place says something', () => {
		const sessions = crowd(40);
		const before = arrange(null, sessions);
		const hidden = sessions.find((session) => !before.places.includes(session.sessionId));
		const stirred = sessions.map((session) =>
			session === hidden ? { ...session, updatedAt: NOON + 60_000, version: 99 } : session
		);
		expect(arrange(before, stirred).places).toEqual(before.places);
	});

	it('becomes denser when it must, and roomier only when there is room to spare', () => {
		const roomy = arrange(null, crowd(5));
		const compact = arrange(roomy, crowd(6));
		expect([roomy.layout.density, compact.layout.density]).toEqual(['roomy', 'compact']);
		expect(arrange(compact, crowd(5)).layout.density).toBe('compact');
		expect(arrange(compact, crowd(4)).layout.density).toBe('roomy');
	});

	it('shows every session once, as many as there are places', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 50 }))), (rounds) => {
				let board: Board | null = null;
				for (const [count, from] of rounds) {
					board = arrange(board, crowd(count, from));
					const ids = shown(board);
					expect(new Set(ids).size).toBe(ids.length);
					expect(ids.length).toBe(Math.min(count, board.layout.columns * board.layout.rows));
				}
			}),
			{ numRuns: 40 }
		);
	});

	it('has a layout for each size of a crowd', () => {
		expect(LAYOUTS.map((layout) => layout.columns * layout.rows)).toEqual([5, 12, 20, 30]);
		expect(arrange(null, crowd(300)).layout).toMatchObject({ density: 'dense', columns: 3 });
	});
});
