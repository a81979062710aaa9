/** The script tag's file: all of it in one global, `ControlRoom`. The endpoint is where the script comes from. */
import { defaultEndpoint } from './compat';
import { createClient as create, type Client, type ClientOptions } from './index';

export { captureErrors, deviceContext, memoryStore } from './index';
export { getAnalytics, initAnalytics, SeeItAnalytics } from './compat';

/** As in the module, but it knows its endpoint. */
export function createClient(options: Omit<ClientOptions, 'endpoint'> & { endpoint?: string }): Client {
	return create({ ...options, endpoint: options.endpoint ?? defaultEndpoint });
}
