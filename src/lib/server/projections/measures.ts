/**
 * What the tallies count, as SQL over the columns of the row that is counted. The projections that keep a tally and the
 * pages that add up the rows at its edges use the same expressions, so that the sum is the same wherever the edge lies.
 */

/** What is counted of a session, over columns of `sessions`. */
export const SESSION_MEASURES = {
	sessions: '1',
	completed: `(status = 'completed')::integer`,
	abandoned: `(status = 'abandoned')::integer`,
	carts: 'added_to_cart::integer',
	with_errors: '(error_count > 0)::integer',
	// Whoever told of a later step has passed the earlier ones, told or not. A completed session has reached all.
	reached_1: `(steps_seen > 0 or status = 'completed')::integer`,
	reached_2: `(steps_seen >= 2 or status = 'completed')::integer`,
	reached_3: `(steps_seen >= 4 or status = 'completed')::integer`,
	reached_4: `(steps_seen >= 8 or status = 'completed')::integer`,
	reached_5: `(steps_seen >= 16 or status = 'completed')::integer`,
	cost: 'total_ai_cost',
	completed_cost: `case when status = 'completed' then total_ai_cost else 0 end`,
	regeneration_cost: 'regeneration_cost'
} as const;

/** By what sessions are split, over columns of `sessions`; '' for none. */
export const SESSION_WORDS = {
	device: `coalesce(key_text(device_type), '')`,
	product: `coalesce(key_text(coalesce(nullif(product_title, ''), product_id)), '')`
} as const;

/** The same of sessions that have ended. An exit is a JSON array of the step and the reason. */
export const ENDED_WORDS = {
	...SESSION_WORDS,
	exit: `case when status = 'completed' then '' else json_build_array(
		coalesce(key_text(abandonment_step), ''), coalesce(key_text(abandonment_reason), '')
	)::text end`,
	post_ar: `coalesce(key_text(post_ar_action), '')`
} as const;

/** What is counted of an AI request, over columns of `ai_requests`. */
export const AI_MEASURES = {
	requests: '1',
	unpriced: '(cost_usd is null)::integer',
	failed: `coalesce(status in ('failed', 'timeout'), false)::integer`,
	regenerations: 'coalesce(is_regeneration, false)::integer',
	cost: 'coalesce(cost_usd, 0)',
	failed_cost: `case when status in ('failed', 'timeout') then coalesce(cost_usd, 0) else 0 end`,
	regeneration_cost: 'case when is_regeneration then coalesce(cost_usd, 0) else 0 end',
	failed_regeneration_cost: `case when is_regeneration and status in ('failed', 'timeout') then coalesce(cost_usd, 0) else 0 end`
} as const;

/** The same by words, which tell of the rest. */
export const AI_PART_MEASURES = {
	requests: '1',
	unpriced: '(cost_usd is null)::integer',
	cost: 'coalesce(cost_usd, 0)'
} as const;

/** By what AI requests are split, over columns of `ai_requests`; '' for none. */
export const AI_WORDS = {
	provider: `coalesce(key_text(provider), '')`,
	model: `coalesce(key_text(model), '')`,
	operation: `coalesce(key_text(operation), '')`,
	step: `coalesce(key_text(step), '')`,
	status: `coalesce(key_text(status), '')`,
	regeneration: `case when is_regeneration then coalesce(nullif(key_text(regeneration_reason), ''), 'unknown') else '' end`
} as const;
