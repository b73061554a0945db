import { randomUUID } from 'node:crypto';
import { WorkerId, type StageTimings } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { besideSteps, type MeasuredAnswer } from './besideSteps.ts';

const [desk, lap] = [WorkerId.parse(randomUUID()), WorkerId.parse(randomUUID())];

/** Ten steps of one token and two chunks, each of so many milliseconds. */
const timings = (tokenMs: number, chunkMs: number, changes: Partial<StageTimings> = {}): StageTimings => ({
  steps: 12,
  tokens: 522,
  queueMs: 0,
  computeMs: 0,
  tokenSteps: 10,
  tokenStepsMs: 10 * tokenMs,
  promptStepsMs: 2 * chunkMs,
  encodeMs: 0,
  decodeMs: 0,
  wireMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  relayedFrames: 0,
  ...changes,
});

const answer = (changes: Partial<MeasuredAnswer> = {}): MeasuredAnswer => ({
  promptTokens: 512,
  completionTokens: 11,
  queueMs: 7,
  firstTokenMs: 7 + 100 + 200 + 200 + 30,
  decodeTokensPerSecond: 50,
  stages: [
    { workerId: desk, timings: timings(10, 100) },
    { workerId: lap, timings: timings(6, 200, { relayedFrames: 3 }) },
  ],
  ...changes,
});

test('ways share what is left of a token, and the request gets what is left of the first one', () => {
  expect(besideSteps(answer())).toEqual({
    // 20 ms a token, 16 of them in stages. Lap's frames came through the hub.
    ways: [
      { from: desk, to: lap, relayed: true, milliseconds: 2 },
      { from: lap, to: desk, relayed: false, milliseconds: 2 },
    ],
    // The slower stage's second chunk follows its first.
    request: { milliseconds: 30, promptTokens: 512, ways: 1 },
  });
});

test('a stage alone has no ways, and stages of one worker have none between them', () => {
  const alone = answer({ stages: [{ workerId: desk, timings: timings(10, 100) }] });
  expect(besideSteps(alone)?.ways).toEqual([]);
  const [one] = alone.stages;
  expect(one && besideSteps({ ...alone, stages: [one, one] })?.ways).toEqual([]);
});

test('nothing is said where a stage did not tell, and nothing of ways after a short answer', () => {
  expect(
    besideSteps(answer({ stages: [{ workerId: desk, timings: timings(10, 100) }, { workerId: lap }] })),
  ).toBe(undefined);
  expect(besideSteps(answer({ completionTokens: 2 }))?.ways).toEqual([]);
  expect(besideSteps(answer({ firstTokenMs: null }))?.request).toBe(undefined);
  // Chunks that overlapped more than was thought.
  expect(besideSteps(answer({ firstTokenMs: 400 }))?.request?.milliseconds).toBe(1);
});
