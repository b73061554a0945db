import { expect, test } from 'vitest';
import { measuredAnswer } from './measuredAnswer.ts';
import type { RequestRecord } from './requestRecord.ts';

const record = {
  ...{ id: 'one', promptTokens: 12, completionTokens: 8, cachedTokens: 0, replays: 0 },
  ...{ queueMs: 30, firstTokenMs: 130, decodeTokensPerSecond: 50 },
  predicted: { tokensPerSecond: 60, firstTokenMs: 90 },
} as RequestRecord;

test('an answer that had its pipeline for itself is measured without its wait for room', () => {
  expect(measuredAnswer(record)).toEqual({
    ...{ requestId: 'one', promptTokens: 12, completionTokens: 8 },
    ...{ tokensPerSecond: 50, firstTokenMs: 100, predicted: record.predicted },
  });
});

test.each([
  { cachedTokens: 4 },
  { replays: 1 },
  { predicted: null },
  { firstTokenMs: null },
  { decodeTokensPerSecond: null },
])('one with %j is not compared with what was predicted', (other) => {
  expect(measuredAnswer({ ...record, ...other })).toBeUndefined();
});
