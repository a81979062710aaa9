/**
 * From a request's bytes to JSON: content type, encoding, size. What is wrong with them comes back as a value.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ErrorCode } from '../errors';

/** Largest body, as it comes and once gunzipped. */
export const MAX_BODY_BYTES = 1024 * 1024;

const unzip = promisify(gunzip);
const utf8 = new TextDecoder('utf-8');

export interface Fault {
	code: ErrorCode;
	message: string;
}

/** The parsed body, its text and the bytes of that, or what is wrong with it. */
export async function readBody(
	body: Uint8Array,
	contentType: string | undefined,
	encoding: string | undefined
): Promise<{ bytes: Uint8Array; text: string; json: unknown } | Fault> {
	const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
	if (mediaType !== '' && mediaType !== 'text/plain' && !/^application\/(?:[\w.-]+\+)?json$/.test(mediaType)) {
		return { code: 'unsupported_media_type', message: 'Send application/json, text/plain or no content type.' };
	}
	const bytes = await decode(body, (encoding ?? 'identity').trim().toLowerCase());
	if ('code' in bytes) return bytes;
	const text = utf8.decode(bytes);
	try {
		return { bytes: withoutMark(bytes), text, json: JSON.parse(text) };
	} catch (error) {
		const detail = text.trim() === '' ? 'it is empty' : error instanceof Error ? error.message : String(error);
		return { code: 'invalid_json', message: `The body is not JSON: ${detail}` };
	}
}

/** Without the byte order mark, which decoding drops as well. */
function withoutMark(bytes: Uint8Array): Uint8Array {
	return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

async function decode(body: Uint8Array, encoding: string): Promise<Uint8Array | Fault> {
	if (encoding === 'identity' || encoding === '') return body;
	if (encoding !== 'gzip' && encoding !== 'x-gzip') {
		return { code: 'unsupported_encoding', message: 'Send the body as it is or with content-encoding gzip.' };
	}
	try {
		return await unzip(body, { maxOutputLength: MAX_BODY_BYTES });
	} catch (error) {
		if (error instanceof RangeError) return { code: 'body_too_large', message: tooLargeMessage };
		return { code: 'invalid_gzip', message: 'The body says gzip but can not be gunzipped.' };
	}
}

export const tooLargeMessage = 'The body is larger than 1 MiB. Send the events in several batches.';
