import { readJoinLink, type JoinLink } from '@potluck/protocol';

/** The token in what a person entered: a join link, or the token itself. */
export function tokenIn(text: string): string {
  const entered = text.trim();
  return /^https?:/i.test(entered) ? readJoinLink(entered).token : entered;
}

/**
 * Reads the join link by which the page was opened, and takes what is secret in it out of the address, so that it is not
 * shown, shared or kept in the history.
 * @returns undefined where the address has no token and no invite
 */
export function takeJoinLink(): JoinLink | undefined {
  const link = readJoinLink(location.href);
  if (link.token === '' && link.invite === undefined) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return link;
}
