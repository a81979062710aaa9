/**
 * For whom a request comes. What X-Forwarded-For says is read from its right, and only as far as those who wrote it are
 * proxies that the operator named: everything further left may be anybody's invention.
 */
import { BlockList, isIP } from 'node:net';

export interface Client {
	address: string;
	/** Whether it came by TLS to a trusted proxy. */
	isSecure: boolean;
}

/** Tells the client of a request from its peer and its headers. */
export type ClientOf = (peer: string, header: (name: string) => string | undefined) => Client;

/**
 * @param proxies addresses and networks, such as `127.0.0.1` and `10.0.0.0/8`
 * @param publicOrigins of which those with https are only reached by TLS
 * @throws RangeError for what is neither an address nor a network
 */
export function clientReader(proxies: readonly string[], publicOrigins: readonly string[] = []): ClientOf {
	const trusted = networks(proxies);
	const secureHosts = new Set(
		publicOrigins.filter((origin) => origin.startsWith('https:')).map((origin) => new URL(origin).host)
	);
	const isTrusted = (address: string) => {
		const kind = isIP(address);
		return kind !== 0 && trusted.check(address, kind === 6 ? 'ipv6' : 'ipv4');
	};
	return (peer, header) => {
		let address = plain(peer);
		const isSecure = secureHosts.has((header('host') ?? '').toLowerCase());
		if (proxies.length === 0 || !isTrusted(address)) return { address, isSecure };
		const said = (header('x-forwarded-for') ?? '').split(',').map((part) => plain(part.trim()));
		for (let at = said.length - 1; at >= 0 && isTrusted(address); at--) {
			const before = said[at] ?? '';
			if (isIP(before) === 0) break;
			address = before;
		}
		const scheme = (header('x-forwarded-proto') ?? '').split(',').at(-1)?.trim().toLowerCase();
		return { address, isSecure: isSecure || scheme === 'https' };
	};
}

/** Whether a text names an address or a network. */
export function isNetwork(text: string): boolean {
	try {
		networks([text]);
		return true;
	} catch {
		return false;
	}
}

function networks(texts: readonly string[]): BlockList {
	const list = new BlockList();
	for (const text of texts) {
		const [address = '', bits, ...rest] = text.split('/');
		const kind = isIP(address) === 6 ? 'ipv6' : 'ipv4';
		if (isIP(address) === 0 || rest.length > 0) throw new RangeError(`${text} is no address`);
		if (bits === undefined) list.addAddress(address, kind);
		else if (/^\d{1,3}$/.test(bits)) list.addSubnet(address, Number(bits), kind);
		else throw new RangeError(`${text} is no network`);
	}
	return list;
}

/** IPv4 in IPv6's clothes, as sockets of both kinds show it; and IPv6 as uWebSockets.js writes it, in full. */
function plain(address: string): string {
	const bare = address.replace(/^\[(.*)\](:\d+)?$/, '$1');
	const four = /^(?:::ffff:|(?:0{1,4}:){5}ffff:)(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
	if (four !== undefined) return four;
	const hex = /^(?:0{1,4}:){5}ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(bare);
	if (!hex) return bare;
	const [high, low] = [Number.parseInt(hex[1] ?? '', 16), Number.parseInt(hex[2] ?? '', 16)];
	return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
