/** What pages and the API see of forgetting, and by what they ask for it. */
import type { ObjectStore } from '../archive/store';
import type { Sql } from '../db/connect';
import { answerDataRequest, listDataRequests } from './data-requests';
import { listErasures, readErasure, requestErasure, type Erasure } from './ledger';
import { receiveWebhook, type Webhook, type WebhookOutcome } from './shopify';
import { namesOf, Subject } from './subject';

const SHOWN = 100;

export interface DeskOptions {
	/** For what takes a moment. */
	sql: Sql;
	/** For looking through everything. */
	patientSql: Sql;
	store: ObjectStore;
	/** SHOPIFY_API_SECRET; null where none is set. */
	shopifySecret: string | null;
	/** Called when there is something to do. */
	look: () => void;
}

export function forgettingDesk({ sql, patientSql, store, shopifySecret, look }: DeskOptions) {
	let answering: Promise<unknown> = Promise.resolve();
	return {
		/** The latest, newest first. */
		list: () => listErasures(sql, SHOWN),
		/** With its certificate once it is done; null when there is none. */
		read: (id: string) => readErasure(sql, id),
		/** Asks for an erasure; a text says what is wrong with what was asked. */
		async ask(wanted: unknown): Promise<Erasure | string> {
			const { data: subject } = Subject.safeParse(wanted);
			if (!subject) {
				return '“kind” must be session (with sessionId), shop (with shopDomain) or customer (with shopDomain and customer)';
			}
			if (subject.kind === 'customer' && namesOf(subject.customer).length === 0) {
				return '“customer” must have an id, an email or a phone';
			}
			const erasure = await requestErasure(sql, subject, 'operator');
			look();
			return erasure;
		},
		/** Takes a webhook of Shopify in. */
		async receive(webhook: Webhook): Promise<WebhookOutcome> {
			const outcome = await receiveWebhook(sql, shopifySecret, webhook);
			if ('recorded' in outcome) look();
			return outcome;
		},
		/** What people asked to know, newest first. */
		requests: () => listDataRequests(sql, SHOWN),
		/**
		 * What is kept of whoever asked; null when there is no such request, or it can't be answered any more. One after the
		 * other, because each looks through everything, and only as long as somebody waits for it.
		 */
		answer(id: string, signal: AbortSignal): Promise<object | null> {
			const answer = answering.then(() => {
				signal.throwIfAborted();
				return answerDataRequest(patientSql, store, id, { signal, onFault: () => undefined });
			});
			answering = answer.catch(() => undefined);
			return answer;
		}
	};
}

export type ForgettingDesk = ReturnType<typeof forgettingDesk>;
