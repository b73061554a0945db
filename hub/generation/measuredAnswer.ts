/** How fast an answer was that had its pipeline for itself, beside what was predicted. */
import type { MeasuredAnswer } from '@potluck/api';
import type { RequestRecord } from './requestRecord.ts';

/** @returns undefined where it was in part computed elsewhere or before, or had fewer than two tokens */
export function measuredAnswer(record: RequestRecord): MeasuredAnswer | undefined {
  const { predicted, promptTokens, completionTokens, firstTokenMs, decodeTokensPerSecond } = record;
  // What is predicted is for the whole prompt, by one attempt.
  if (record.replays > 0 || (record.cachedTokens ?? 0) > 0) return undefined;
  if (!predicted || firstTokenMs === null || decodeTokensPerSecond === null) return undefined;
  return {
    ...{ requestId: record.id, promptTokens, completionTokens, predicted },
    tokensPerSecond: decodeTokensPerSecond,
    firstTokenMs: Math.max(0, firstTokenMs - (record.queueMs ?? 0)),
  };
}
