/**
 * Texts that a program keeps for the model and gives back unread (`encrypted_content`). Nothing in them is a secret from
 * the program, so they are only written so that nobody takes them for something to read.
 */

const lead = 'potluck1.';

export function seal(text: string): string {
  return lead + Buffer.from(text, 'utf8').toString('base64url');
}

/** Of another server's text nothing can be known: it is left out. */
export function openSealed(sealed: string): string {
  if (!sealed.startsWith(lead)) return '';
  return Buffer.from(sealed.slice(lead.length), 'base64url').toString('utf8').toWellFormed();
}
