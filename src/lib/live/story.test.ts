import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventRow, NOON, story } from '../../../tests/support/states';
import type { StoryChange } from './messages';
import { applyStory, EVENTS_KEPT } from './story';

const change: fc.Arbitrary<StoryChange> = fc
	.record({
		version: fc.integer({ min: 2, max: 12 }),
		events: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 5 })
	})
	.map(({ version, events }) => {
		const built = story(
			{ version, currentStep: `step ${version}` },
			events.map((n) => eventRow(n))
		);
		return { ...built, session: { ...built.session, eventCount: version } };
	});

describe('a story', () => {
	it('ends the same whatever order changes come in and however often', () => {
		const orders = fc.array(change, { maxLength: 10 }).chain((changes) =>
			fc.tuple(
				fc.constant(changes),
				fc.shuffledSubarray([...changes, ...changes], {
					minLength: changes.length * 2,
					maxLength: changes.length * 2
				})
			)
		);
		fc.assert(
			fc.property(orders, ([inOrder, shuffled]) => {
				expect(shuffled.reduce(applyStory, story())).toEqual(inOrder.reduce(applyStory, story()));
			})
		);
	});

	it('puts an event that arrives late at its time', () => {
		const late = eventRow(7, { at: NOON - 90_000 });
		const told = applyStory(story({}, [eventRow(1), eventRow(2)]), story({ version: 2 }, [late]));
		expect(told.events.map((event) => event.id)).toEqual(['event_7', 'event_1', 'event_2']);
	});

	it('keeps events of two shops with one id apart', () => {
		const told = applyStory(story({}, [eventRow(1)]), story({ version: 2 }, [eventRow(1, { shop: 'other' })]));
		expect(told.events).toHaveLength(2);
	});

	it('counts the events that it no longer keeps', () => {
		const many = Array.from({ length: EVENTS_KEPT + 30 }, (_, n) => eventRow(n));
		const told = applyStory(story(), story({ version: 2 }, many));
		expect(told.events).toHaveLength(EVENTS_KEPT);
		expect(told.earlierEvents).toBe(30);
	});
});
