/** The filters of AI requests as fields. */
import { STEP_LABELS } from '$lib/events/vocabulary';
import { NONE } from '$lib/query';
import type { FilterField } from '$lib/ui/page/filters';
import { requestSign } from '$lib/ui/words';

const STATUSES = ['success', 'failed', 'timeout', 'pending'];

/** @param shops those to choose from */
export function requestFields(shops: readonly string[]): FilterField[] {
	return [
		{ kind: 'search', name: 'shop', label: 'Shop', options: [...shops, NONE].map((value) => ({ value })) },
		{ kind: 'text', name: 'provider', label: 'Provider' },
		{ kind: 'text', name: 'model', label: 'Model' },
		{ kind: 'text', name: 'operation', label: 'Operation' },
		{
			kind: 'select',
			name: 'step',
			label: 'Step',
			options: [
				...Object.entries(STEP_LABELS).map(([value, label]) => ({ value, label })),
				{ value: NONE, label: 'No step' }
			]
		},
		{
			kind: 'choices',
			name: 'status',
			label: 'Status',
			options: STATUSES.map((value) => ({ value, label: requestSign(value).word }))
		},
		{
			kind: 'select',
			name: 'regeneration',
			label: 'Regeneration',
			options: [
				{ value: '1', label: 'Yes' },
				{ value: '0', label: 'No' }
			]
		},
		{ kind: 'text', name: 'reason', label: 'Regenerated why' },
		{
			kind: 'select',
			name: 'cost',
			label: 'Cost',
			options: [
				{ value: 'told', label: 'Told' },
				{ value: 'not_told', label: 'Not told' },
				{ value: 'estimated', label: 'Estimated' },
				{ value: 'no_price', label: 'Successful, without a price' }
			]
		},
		{ kind: 'number', name: 'cost_over', label: 'Cost over', unit: '$' },
		{ kind: 'text', name: 'session', label: 'Session', placeholder: 'Its whole id' }
	];
}
