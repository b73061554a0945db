/**
 * Takes the join token out of the address (`#token=…`), so that it is not shown, shared or kept in the history.
 * @returns undefined where the link has none
 */
export function takeJoinToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
  if (token !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}
