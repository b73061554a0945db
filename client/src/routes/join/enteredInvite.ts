import { readJoinLink } from '@potluck/protocol';

/** What the hub draws as a code, with its dash or a blank: a join token of eight characters is none. */
const code = /^[2-9A-HJKMNP-Z]{4}[\s-][2-9A-HJKMNP-Z]{4}$/i;

/** The invite in what a person entered: its code, its secret, or its link; undefined where it is something else. */
export function enteredInvite(text: string): string | undefined {
  const entered = text.trim();
  if (code.test(entered) || entered.startsWith('invite-')) return entered;
  return /^https?:/i.test(entered) && URL.canParse(entered) ? readJoinLink(entered).invite : undefined;
}

/** True for a code without its dash; a join token or a password may look so, too. */
export function mayBeCode(text: string): boolean {
  return /^[2-9A-HJKMNP-Z]{8}$/i.test(text.trim());
}

/** True where people would call it a code, also one that the hub never drew, such as `WRNG-CODE`. A password may look so, too. */
export function looksLikeCode(text: string): boolean {
  return /^[0-9A-Z]{4}[\s-][0-9A-Z]{4}$/i.test(text.trim());
}
