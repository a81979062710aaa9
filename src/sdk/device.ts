/** What the page's browser says of the shopper's device, in the words of the deployed clients. Asked once a client. */

const SYSTEMS: [name: string, version: RegExp][] = [
	['iOS', /(?:iPhone|iPad|iPod).*? OS ([\d_]+)/],
	['Android', /Android ?([\d.]*)/],
	['Windows', /Windows NT ([\d.]+)/],
	['macOS', /Mac OS X ([\d_.]+)/],
	['ChromeOS', /CrOS \w+ ([\d.]+)/],
	['Linux', /Linux()/]
];

/** Most browsers claim to be Chrome and Safari too, so those come last. */
const BROWSERS: [name: string, version: RegExp][] = [
	['Edge', /Edg\w*\/(\d+)/],
	['Opera', /OPR\/(\d+)/],
	['Samsung Internet', /SamsungBrowser\/(\d+)/],
	['Firefox', /(?:Firefox|FxiOS)\/(\d+)/],
	['Chrome', /(?:Chrome|CriOS)\/(\d+)/],
	['Safari', /Version\/(\d+).*Safari/]
];

/** The device context; undefined outside of pages: a server is no shopper's device. */
export function deviceContext(): Record<string, unknown> | undefined {
	if (typeof document === 'undefined') return undefined;
	const { userAgent, maxTouchPoints, mediaDevices, connection } = navigator as Navigator & {
		mediaDevices?: MediaDevices;
		connection?: { effectiveType?: string };
	};
	const find = (table: typeof SYSTEMS): [name?: string, version?: string | undefined] => {
		for (const [name, pattern] of table) {
			const match = pattern.exec(userAgent);
			if (match) return [name, match[1]?.replaceAll('_', '.')];
		}
		return [];
	};
	let [os, osVersion] = find(SYSTEMS);
	const [browser, browserVersion] = find(BROWSERS);
	// An iPad says that it is a Mac, and no Mac has a touch screen.
	const isPad = userAgent.includes('iPad') || (os === 'macOS' && maxTouchPoints > 1);
	if (isPad && os === 'macOS') [os, osVersion] = ['iOS', undefined];
	const isMobile = /Mobi|iP(hone|od)/.test(userAgent);
	return {
		deviceType: isPad || (os === 'Android' && !isMobile) ? 'tablet' : isMobile ? 'mobile' : 'desktop',
		os,
		osVersion,
		browser,
		browserVersion,
		screenWidth: screen.width,
		screenHeight: screen.height,
		hasCamera: !!mediaDevices,
		hasGyroscope: 'DeviceOrientationEvent' in globalThis,
		webglSupport: 'WebGLRenderingContext' in globalThis,
		connectionType: connection?.effectiveType
	};
}
