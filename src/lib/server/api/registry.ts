/** All operations of the HTTP API, in the order in which they are shown. A new one is one line here. */
import type { Group } from './operation';
import { countEvents, countFieldValues, listEvents } from './operations/analytics';
import { listAiRequests, listPrices, readCosts } from './operations/costs';
import {
	listDataRequests,
	listErasures,
	readCertificate,
	readDataRequest,
	readErasure,
	startErasure
} from './operations/erasures';
import { listErrorGroups, listErrors, readErrorGroup, sumErrors } from './operations/errors';
import { describeEvents, preflightEvents, sendEvents } from './operations/events';
import { listBackfills, readBackfill, startBackfill, steerBackfill } from './operations/backfill';
import { health, readiness } from './operations/health';
import { readJourney } from './operations/journey';
import { describeApi } from './operations/openapi';
import { search } from './operations/search';
import { sdkManifest, sdkPinnedScript, sdkScript } from './operations/sdk';
import { listSessions, readSession } from './operations/sessions';
import { listSetups, sumSetups } from './operations/setups';
import { listShops, readShop } from './operations/shops';
import { listRejected, readSystem } from './operations/system';
import { shopifyWebhook } from './operations/webhooks';

export const GROUPS: readonly Group[] = [
	{
		name: 'Events',
		description: 'Where clients send what happens, open to every origin; and the log of it.',
		operations: [sendEvents, describeEvents, preflightEvents, listEvents, countEvents, countFieldValues]
	},
	{
		name: 'Client',
		description: 'The files of the client for script tags.',
		operations: [sdkScript, sdkPinnedScript, sdkManifest]
	},
	{
		name: 'Sessions',
		description: 'What happened, session by session.',
		operations: [listSessions, readSession, search]
	},
	{
		name: 'Errors',
		description: 'What went wrong: in groups, and one by one.',
		operations: [listErrorGroups, listErrors, readErrorGroup, sumErrors]
	},
	{
		name: 'Set-ups',
		description: 'How products are made ready.',
		operations: [listSetups, sumSetups]
	},
	{
		name: 'Costs and journey',
		description: 'What AI requests cost, and how far shoppers come.',
		operations: [readCosts, listAiRequests, listPrices, readJourney]
	},
	{
		name: 'Shops',
		description: 'Who sends, and who needs attention.',
		operations: [listShops, readShop]
	},
	{
		name: 'Archive',
		description: 'Bringing events back from where all of them are kept.',
		operations: [listBackfills, startBackfill, readBackfill, steerBackfill]
	},
	{
		name: 'Forgetting',
		description: 'Erasing sessions, shops and persons for good, and telling a person what is kept of them.',
		operations: [
			listErasures,
			startErasure,
			readErasure,
			readCertificate,
			listDataRequests,
			readDataRequest,
			shopifyWebhook
		]
	},
	{
		name: 'Operation',
		description: 'For those who run the product.',
		operations: [health, readiness, readSystem, listRejected, describeApi]
	}
];
