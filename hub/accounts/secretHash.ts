/** Random secrets and what is kept of them. */
import { createHash, randomBytes } from 'node:crypto';

/** A secret that nobody guesses: 192 random bits behind a word that says what it is for. */
export function drawSecret(word: string): string {
  return `${word}-${randomBytes(24).toString('base64url')}`;
}

/** What is kept of a drawn secret; one round is enough for 192 random bits. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** What is shown of a drawn secret, to tell one from another. */
export function prefixOf(secret: string): string {
  return secret.slice(0, -28);
}
