import { describe, expect, it } from 'vitest';
import { judgeHeartbeat, judgeUpdate } from './sequence';

const at = (seq: number, epoch = 'a') => ({ epoch, seq });

describe('an update', () => {
	it('is applied when it is the next one', () => expect(judgeUpdate(at(4), at(5))).toBe('apply'));
	it('is ignored when its number was seen', () => {
		expect(judgeUpdate(at(4), at(4))).toBe('ignore');
		expect(judgeUpdate(at(4), at(1))).toBe('ignore');
	});
	it('asks for a snapshot when a number is missing', () => expect(judgeUpdate(at(4), at(6))).toBe('resync'));
	it('asks for a snapshot when the server has started anew', () => {
		expect(judgeUpdate(at(4), at(5, 'b'))).toBe('resync');
		expect(judgeUpdate(at(4), at(1, 'b'))).toBe('resync');
	});
	it('asks for a snapshot when there is none yet', () => expect(judgeUpdate(null, at(1))).toBe('resync'));
});

describe('a heartbeat', () => {
	it('confirms the position it names', () => expect(judgeHeartbeat(at(4), at(4))).toBe('ignore'));
	it('uncovers the loss of the last update', () => expect(judgeHeartbeat(at(4), at(5))).toBe('resync'));
	it('uncovers a restart of the server', () => expect(judgeHeartbeat(at(4), at(4, 'b'))).toBe('resync'));
});
