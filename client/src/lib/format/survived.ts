import type { RequestSummary } from '@potluck/api';
import { formatDuration } from './formatDuration.ts';
import { formatList } from './formatList.ts';
import { lostNames } from './lostNames.ts';

/** What lost devices cost an answer, in a few words: `survived the loss of garage with a pause of 1.2 s`. */
export function survived({ lost, pauseMs }: NonNullable<RequestSummary['recovery']>): string {
  const what =
    lost.length > 0 ? `survived the loss of ${formatList(lostNames(lost))}` : 'survived a lost connection';
  return `${what} with a pause of ${formatDuration(pauseMs)}`;
}
