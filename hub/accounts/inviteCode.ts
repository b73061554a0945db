/** Short codes of invites: to be read aloud and typed on another device. */
import { randomInt } from 'node:crypto';

/** Without those that look alike: 0 and O, 1, I and L. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const codeCharacters = 8;

/** How long a code works, in milliseconds: it is short, so it is over soon. */
export const codeMs = 24 * 3_600_000;

/** 31^8 codes, about 40 bits; such as `7KQM-X4TB`. */
export function drawCode(): string {
  const characters = Array.from({ length: codeCharacters }, () => alphabet[randomInt(alphabet.length)]);
  return `${characters.slice(0, 4).join('')}-${characters.slice(4).join('')}`;
}

/** A code as it is compared, whatever case, blanks and dashes a person typed; undefined where the text is none. */
export function plainCode(text: string): string | undefined {
  const plain = text.replaceAll(/[\s-]/g, '').toUpperCase();
  return plain.length === codeCharacters && [...plain].every((character) => alphabet.includes(character))
    ? plain
    : undefined;
}
