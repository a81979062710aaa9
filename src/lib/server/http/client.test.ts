import { describe, expect, it } from 'vitest';
import { clientReader, isNetwork } from './client';

/** What is read of a request from this peer with these headers. */
function read(proxies: string[], peer: string, headers: Record<string, string> = {}, publicOrigins: string[] = []) {
	return clientReader(proxies, publicOrigins)(peer, (name) => headers[name]);
}
const addressOf = (...args: Parameters<typeof read>) => read(...args).address;
const forwarded = (text: string) => ({ 'x-forwarded-for': text });

describe('the client of a request', () => {
	it('is the peer, whatever that says, unless the peer is a trusted proxy', () => {
		expect(addressOf([], '203.0.113.9', forwarded('198.51.100.1'))).toBe('203.0.113.9');
		expect(addressOf(['10.0.0.0/8'], '203.0.113.9', forwarded('198.51.100.1'))).toBe('203.0.113.9');
		expect(addressOf(['10.0.0.0/8'], '10.1.2.3', forwarded('198.51.100.1'))).toBe('198.51.100.1');
	});
	it('is the rightmost that no trusted proxy has written: what is further left may be made up', () => {
		const chain = forwarded('127.0.0.1, 198.51.100.1, 10.0.0.7');
		expect(addressOf(['10.0.0.0/8'], '10.0.0.9', chain)).toBe('198.51.100.1');
		expect(addressOf(['10.0.0.9'], '10.0.0.9', chain)).toBe('10.0.0.7');
	});
	it('is the proxy itself where that says nothing that is an address', () => {
		expect(addressOf(['10.0.0.9'], '10.0.0.9')).toBe('10.0.0.9');
		expect(addressOf(['10.0.0.9'], '10.0.0.9', forwarded('198.51.100.1, unknown'))).toBe('10.0.0.9');
	});
	it.each([
		['::ffff:203.0.113.9', '203.0.113.9'],
		['0000:0000:0000:0000:0000:ffff:cb00:7109', '203.0.113.9'],
		['2001:db8::1', '2001:db8::1']
	])('at %s is %s', (peer, address) => {
		expect(addressOf([], peer)).toBe(address);
	});
	it('can have an address of version 6 behind a proxy of version 6', () => {
		expect(addressOf(['fd00::/8'], 'fd00::1', forwarded('[2001:db8::7]:4711'))).toBe('2001:db8::7');
	});
	it('came by TLS if a trusted proxy says so, or by a name that is reached by TLS alone', () => {
		const https = { 'x-forwarded-proto': 'https' };
		expect(read(['127.0.0.1'], '127.0.0.1', https).isSecure).toBe(true);
		expect(read(['127.0.0.1'], '203.0.113.9', https).isSecure).toBe(false);
		expect(read(['127.0.0.1'], '127.0.0.1', { 'x-forwarded-proto': 'https, http' }).isSecure).toBe(false);
		expect(read([], '127.0.0.1', { host: 'Room.example' }, ['https://room.example']).isSecure).toBe(true);
		expect(read([], '127.0.0.1', { host: 'room.example' }, ['http://room.example']).isSecure).toBe(false);
	});
});

describe('a setting', () => {
	it.each(['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'])('may name %s', (text) => {
		expect(isNetwork(text)).toBe(true);
	});
	it.each(['', 'localhost', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0/8', 'fd00::/129', '10.0.0.0/'])(
		'may not name %j',
		(text) => {
			expect(isNetwork(text)).toBe(false);
		}
	);
});
