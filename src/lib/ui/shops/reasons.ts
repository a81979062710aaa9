/** Why a shop needs attention, in words. */
import { count, counted, share } from '../format';
import type { IconName, Tone } from '../words';

export type Reason =
	| { why: 'quiet'; activeDays: number }
	| { why: 'success'; now: number; before: number }
	| { why: 'errors'; now: number; before: number }
	| { why: 'set-up'; setups: number };

export interface ToldReason {
	text: string;
	/** The rule behind it. */
	rule: string;
	icon: IconName;
	tone: Tone;
}

/** The rules as they stand on the page. */
export const RULES = {
	quiet: 'Sessions on at least 4 of the 7 UTC days before the last 24 hours began, and none in those 24 hours.',
	success:
		'Completed ÷ ended, of sessions started in the last 7 days, is at least 15 points below that of the 7 days before; at least 20 ended in both.',
	errors: 'At least 10 errors in the last 24 hours, and at least twice the mean day of the 7 days before.',
	'set-up': 'A product’s set-up was begun, and for over a day nothing more was heard of it; of the last 90 days.'
} as const;

export function tellReason(reason: Reason): ToldReason {
	const rule = RULES[reason.why];
	switch (reason.why) {
		case 'quiet':
			return {
				text: `went quiet: sessions on ${reason.activeDays} of 7 days before`,
				rule,
				icon: 'wait',
				tone: 'stuck'
			};
		case 'success':
			return {
				text: `success fell from ${share(reason.before)} to ${share(reason.now)}`,
				rule,
				icon: 'down',
				tone: 'failed'
			};
		case 'errors':
			return {
				text: `errors rose: ${count(reason.now)} in 24 h, ${Math.round(reason.before * 10) / 10} a day before`,
				rule,
				icon: 'alert',
				tone: 'failed'
			};
		case 'set-up':
			return {
				text: `${counted(reason.setups, 'set-ups')} never finished`,
				rule,
				icon: 'stuck',
				tone: 'stuck'
			};
	}
}
