/** How a token of an answer, and what else the model might have written, are told in words. */
import type { LikelyToken } from '@potluck/api/likely-tokens';

/** What is less likely is shown as 0%, so it is not shown. */
const leastShown = 0.0005;

/** The other choices that are worth a word. */
export function choicesBeside({ others }: Pick<LikelyToken, 'others'>): LikelyToken['others'] {
  return others.filter(({ probability }) => probability >= leastShown);
}

/** A token's text without the spaces around it; the spaces are shown where there is nothing else. */
export function wordOf(text: string): string {
  const word = text.trim();
  return word === '' ? text.replaceAll('\n', '↵').replaceAll(/\s/g, '␣') : word;
}
