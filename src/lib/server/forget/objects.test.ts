import { describe, expect, it } from 'vitest';
import { atOnce, parsedObject } from '../../../../tests/support/archive';
import { matcherOf } from './matching';
import { holdsForgotten, withoutForgotten } from './objects';
import type { Subject } from './subject';

const AT = '2026-01-09T11:12:16.123Z';
const UNTIL = new Date('2026-06-01');
const REQUEST = { origin: 'https://a.example', userAgent: 'Mozilla/5.0', ip: '203.0.113.9' };
const bytes = (text: string) => Buffer.from(text);
const object = (events: string[], request: object = REQUEST) =>
	bytes(`{"serverTimestamp":"${AT}","request":${JSON.stringify(request)},"events":[${events.join(',')}]}`);
const say = (sessionId: string, shopDomain = 'a.example', more = '') =>
	`{"type":"custom","sessionId":"${sessionId}","shopDomain":"${shopDomain}","data":{"n":1.50,"big":12345678901234567890}${more}}`;

const session: Subject = { kind: 'session', sessionId: 'gone' };
const shop: Subject = { kind: 'shop', shopDomain: 'Gone.example' };
const matcher = (subject: Subject) => matcherOf(subject, new Set(), UNTIL);
const rows = (body: Uint8Array) => {
	const parsed = parsedObject(body, Infinity);
	if ('damage' in parsed) throw new Error(parsed.damage);
	return parsed.events.map(({ row }) => row.json);
};
function rest(body: Buffer, subject: Subject): Buffer {
	const remainder = atOnce(withoutForgotten(body, matcher(subject)));
	if (remainder.kind !== 'rest') throw new Error(remainder.kind);
	return remainder.body;
}

describe('what remains of an object', () => {
	it('stays byte for byte as it was', () => {
		const body = object([say('gone'), say('stays', 'b.example', ',"ü": [1,  2]'), say('gone'), say('stays')]);
		const expected = object([say('stays', 'b.example', ',"ü": [1,  2]'), say('stays')]);
		expect(rest(body, session).toString()).toBe(expected.toString());
	});

	it('is nothing where all of it goes, and is not touched where nothing does', () => {
		expect(atOnce(withoutForgotten(object([say('gone')]), matcher(session)))).toEqual({ kind: 'nothing', removed: 1 });
		expect(atOnce(withoutForgotten(object([say('stays')]), matcher(session)))).toEqual({ kind: 'untouched' });
	});

	it.each([
		['another spelling of the field', '{"event_type":"x","session_id":"gone"}'],
		['escapes', '{"type":"x","sessionId":"\\u0067one"}'],
		['what is no event', '{"sessionId":"gone"}'],
		['what is no object', '"about gone"']
	])('lacks an event that is told by %s', (_, event) => {
		const body = object([event, say('stays'), say('near-gone'), say('gone2')]);
		expect(atOnce(holdsForgotten(body, matcher(session)))).toBe(true);
		expect(rest(body, session).toString()).toBe(object([say('stays'), say('near-gone'), say('gone2')]).toString());
	});

	it.each([
		['a quote', 'a"b', '"a\\"b"'],
		['a backslash', 'a\\b', '"a\\\\b"'],
		['a line break', 'a\nb', '"a\\nb"'],
		['a slash that is written with a backslash', 'a/b', '"a\\/b"']
	])('lacks an event whose session has %s in its name, and text that names it', (_, sessionId, written) => {
		const subject: Subject = { kind: 'session', sessionId };
		const body = object([`{"type":"x","sessionId":${written}}`, `{"sessionId":${written}}`, say('stays')]);
		expect(rest(body, subject).toString()).toBe(object([say('stays')]).toString());
		expect(matcher(subject).isNamedIn(bytes(`{"sessionId":${written}}`))).toBe(true);
		expect(matcher(subject).isNamedIn(bytes('{"sessionId":"ab"}'))).toBe(false);
	});

	it('is all there for a person of whom nothing is known', () => {
		const nobody = matcher({
			kind: 'customer',
			shopDomain: 'a.example',
			customer: { id: null, email: '', phone: null }
		});
		const body = object([say('stays', 'a.example', ',"u":"\\u0041"'), '"no event"']);
		expect(atOnce(withoutForgotten(body, nobody))).toEqual({ kind: 'untouched' });
		expect(nobody.isNamedIn(bytes('anything'))).toBe(false);
	});

	it('lacks what the server said of the end of a session after its shop was forgotten, and no more', () => {
		const at = '"serverTimestamp":"2026-07-01T00:00:00.000Z"';
		const closed = (sessionId: string, ip: string, type = 'session_timed_out') =>
			`{"type":"${type}","sessionId":"${sessionId}","shopDomain":"gone.example","data":{},"timestamp":null,"id":"${sessionId}${type}${ip.length}",${at},"userAgent":null,"ip":${ip}}`;
		const others = [closed('b', 'null'), closed('a', '"192.0.2.1"'), closed('a', '"192.0.2.1"', 'ping')];
		const body = bytes(`{${at},"request":{},"events":[${[closed('a', 'null'), ...others].join(',')}]}`);
		const remainder = atOnce(withoutForgotten(body, matcherOf(shop, new Set(['a']), UNTIL)));
		expect(remainder).toMatchObject({ kind: 'rest', removed: 1, events: 3 });
		expect(rows(body)).toHaveLength(4);
	});

	it('is nothing where a client of old wrote what only the server says into what goes', () => {
		const more = ',"timestamp":null,"id":"1","serverTimestamp":"2026-07-01T00:00:00.000Z","userAgent":null,"ip":null';
		const body = object([say('a', 'gone.example'), say('b', 'gone.example', more)]);
		expect(atOnce(withoutForgotten(body, matcher(shop)))).toEqual({ kind: 'nothing', removed: 2 });
	});

	it('lacks a shop in any capitals, and does not name it as its origin', () => {
		const body = object([say('1', 'gone.EXAMPLE'), say('2')], { ...REQUEST, origin: 'https://gone.example' });
		expect(rest(body, shop).toString()).toBe(object([say('2')], { ...REQUEST, origin: null }).toString());
	});

	it('keeps what a shop sent after it was forgotten', () => {
		const own = (id: string, at: string) =>
			say(id, 'gone.example', `,"timestamp":null,"id":"${id}","serverTimestamp":"${at}","userAgent":null,"ip":"${id}"`);
		const body = object([own('1', AT), own('2', '2026-07-01T00:00:00.000Z')], { ...REQUEST, ip: '1' });
		const left = rest(body, shop);
		expect(rows(left)).toEqual(rows(body).slice(1));
		expect(JSON.parse(left.toString())).toMatchObject({
			serverTimestamp: '2026-07-01T00:00:00.000Z',
			request: { origin: 'https://gone.example', ip: '2' }
		});
	});

	it('gives the same rows where the clock of a batch was set right by an event that goes', () => {
		const at = (time: string) => `,"timestamp":"${time}"`;
		const body = object([
			say('stays', 'a.example', at('2026-01-09T11:50:00.000Z')),
			say('gone', 'a.example', at('2026-01-09T12:00:00.000Z'))
		]);
		const left = rest(body, session);
		expect(rows(left)).toEqual(rows(body).slice(0, 1));
		expect(left.toString()).not.toContain('gone');
	});

	it('goes as a whole when it can not be read but names what is forgotten', () => {
		expect(atOnce(withoutForgotten(bytes('{"sessionId":"gone'), matcher(session)))).toEqual({
			kind: 'nothing',
			removed: 0
		});
		expect(atOnce(withoutForgotten(bytes('{"sessionId":"begone'), matcher(session)))).toEqual({ kind: 'untouched' });
	});
});
