/**
 * The secret behind the # of a link that this page was opened by; empty where there is none. It is taken out of the
 * address bar, so that neither the history nor a look over the shoulder has it.
 */
export function takeSecret(): string {
	const secret = location.hash.slice(1);
	if (secret !== '') history.replaceState(history.state, '', location.pathname + location.search);
	return secret;
}
