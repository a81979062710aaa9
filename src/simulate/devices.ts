/** What shoppers hold in their hands: device contexts in the words of the deployed clients, and the user agents to them. */
import type { Random } from './random';

export interface Device {
	context: {
		deviceType: string;
		os: string;
		osVersion: string;
		browser: string;
		browserVersion: string;
		screenWidth: number;
		screenHeight: number;
		hasCamera: boolean;
		hasGyroscope: boolean;
		webglSupport: boolean;
		connectionType: string;
	};
	userAgent: string;
}

interface Family {
	weight: number;
	deviceType: string;
	os: string;
	osVersions: readonly string[];
	browser: string;
	browserVersions: readonly string[];
	screens: readonly (readonly [number, number])[];
	agent: (osVersion: string, browserVersion: string) => string;
}

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';

const FAMILIES: readonly Family[] = [
	{
		weight: 38,
		deviceType: 'mobile',
		os: 'iOS',
		osVersions: ['17.5', '17.6.1', '18.1', '18.4', '16.7'],
		browser: 'Safari',
		browserVersions: ['17', '18', '16'],
		screens: [[390, 844], [393, 852], [430, 932], [375, 667]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (iPhone; CPU iPhone OS ${os.replaceAll('.', '_')} like Mac OS X) ${WEBKIT} Version/${version}.0 Mobile/15E148 Safari/604.1`
	},
	{
		weight: 22,
		deviceType: 'mobile',
		os: 'Android',
		osVersions: ['14', '13', '15', '12'],
		browser: 'Chrome',
		browserVersions: ['137', '138', '136', '124'],
		screens: [[412, 915], [360, 800], [384, 832]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (Linux; Android ${os}; K) ${BLINK} Chrome/${version}.0.0.0 Mobile Safari/537.36`
	},
	{
		weight: 9,
		deviceType: 'mobile',
		os: 'Android',
		osVersions: ['14', '13'],
		browser: 'Samsung Internet',
		browserVersions: ['25', '24'],
		screens: [[360, 780], [412, 915]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (Linux; Android ${os}; K) ${BLINK} SamsungBrowser/${version}.0 Chrome/121.0.0.0 Mobile Safari/537.36`
	},
	{
		weight: 5,
		deviceType: 'tablet',
		os: 'iOS',
		osVersions: ['17.5', '18.1'],
		browser: 'Safari',
		browserVersions: ['17', '18'],
		screens: [[820, 1180], [1024, 1366]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (iPad; CPU OS ${os.replaceAll('.', '_')} like Mac OS X) ${WEBKIT} Version/${version}.0 Mobile/15E148 Safari/604.1`
	},
	{
		weight: 12,
		deviceType: 'desktop',
		os: 'Windows',
		osVersions: ['10.0'],
		browser: 'Chrome',
		browserVersions: ['137', '138'],
		screens: [[1920, 1080], [1536, 864], [2560, 1440]], // prettier-ignore
		agent: (os, version) => `Mozilla/5.0 (Windows NT ${os}; Win64; x64) ${BLINK} Chrome/${version}.0.0.0 Safari/537.36`
	},
	{
		weight: 4,
		deviceType: 'desktop',
		os: 'Windows',
		osVersions: ['10.0'],
		browser: 'Edge',
		browserVersions: ['137', '136'],
		screens: [[1920, 1080], [1366, 768]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (Windows NT ${os}; Win64; x64) ${BLINK} Chrome/${version}.0.0.0 Safari/537.36 Edg/${version}.0.0.0`
	},
	{
		weight: 3,
		deviceType: 'desktop',
		os: 'Windows',
		osVersions: ['10.0'],
		browser: 'Firefox',
		browserVersions: ['139', '128'],
		screens: [[1920, 1080]],
		agent: (os, version) =>
			`Mozilla/5.0 (Windows NT ${os}; Win64; x64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
	},
	{
		weight: 7,
		deviceType: 'desktop',
		os: 'macOS',
		osVersions: ['10.15.7'],
		browser: 'Safari',
		browserVersions: ['17', '18'],
		screens: [[1440, 900], [1728, 1117]], // prettier-ignore
		agent: (os, version) =>
			`Mozilla/5.0 (Macintosh; Intel Mac OS X ${os.replaceAll('.', '_')}) ${WEBKIT} Version/${version}.0 Safari/605.1.15`
	}
];
const WEIGHTS = FAMILIES.map(({ weight }) => weight);

/** A shopper's device. */
export function deviceOf(random: Random): Device {
	const family = FAMILIES[random.weighted(WEIGHTS)] ?? random.pick(FAMILIES);
	const osVersion = random.pick(family.osVersions);
	const browserVersion = random.pick(family.browserVersions);
	const [screenWidth, screenHeight] = random.pick(family.screens);
	const isDesktop = family.deviceType === 'desktop';
	return {
		context: {
			deviceType: family.deviceType,
			os: family.os,
			osVersion,
			browser: family.browser,
			browserVersion,
			screenWidth,
			screenHeight,
			hasCamera: !isDesktop || random.chance(0.6),
			hasGyroscope: !isDesktop,
			webglSupport: !random.chance(0.01),
			connectionType: isDesktop || random.chance(0.5) ? 'wifi' : random.chance(0.85) ? '4g' : '3g'
		},
		userAgent: family.agent(osVersion, browserVersion)
	};
}
