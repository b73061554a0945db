/** A prompt as text, with the marks that its special tokens are. */
import type { Tokenizer } from '../../models/tokenizer.ts';

export function promptText(
  tokens: readonly number[],
  { specialText, decode }: Pick<Tokenizer, 'specialText' | 'decode'>,
): string {
  let text = '';
  let plain: number[] = [];
  for (const token of tokens) {
    const special = specialText(token);
    if (special === undefined) {
      plain.push(token);
      continue;
    }
    // Together, as a sign may have several tokens.
    text += decode(plain) + special;
    plain = [];
  }
  return text + decode(plain);
}
