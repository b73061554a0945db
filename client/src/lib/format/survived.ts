import type { RequestSummary } from '@potluck/api';
import { language } from '#lib/language/language.ts';
import { formatDuration } from './formatDuration.ts';

const names = new Intl.ListFormat(language);

/** What lost devices cost an answer, in a few words: `survived the loss of garage with a pause of 1.2 s`. */
export function survived({ lost, pauseMs }: NonNullable<RequestSummary['recovery']>): string {
  const what = lost.length > 0 ? `survived the loss of ${names.format(lost)}` : 'survived a lost connection';
  return `${what} with a pause of ${formatDuration(pauseMs)}`;
}
