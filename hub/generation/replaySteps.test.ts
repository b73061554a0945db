import { stepsOf } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canJoin, replaySteps, type ReplayingStage } from './replaySteps.ts';

const shape = { promptLength: 10, chunkTokens: 8, lastStep: 49 };
const first = stepsOf(shape, 0, 50);
const has = (length: number, joins = true): ReplayingStage => ({ length, joins });

test('tokens of the answer run several in one step; the prompt as it ran, and the step that samples by itself', () => {
  const steps = replaySteps([has(0), has(49)], { source: -1, from: 0, first }, shape);
  expect(steps).toEqual([8, 2, 8, 8, 8, 8, 7, 1]);
});

test('a stage that needs the steps of the first time gets them, from where it comes in', () => {
  expect(replaySteps([has(0, false), has(49)], { source: -1, from: 0, first }, shape)).toEqual(first);
  const steps = replaySteps([has(0), has(30, false)], { source: -1, from: 0, first }, shape);
  expect(steps).toEqual([8, 2, 8, 8, 4, ...new Array<number>(20).fill(1)]);
});

test('a stage that only sends again what it retained may be one of any kind', () => {
  const stages = [has(50, false), has(0), has(49, false)];
  const steps = replaySteps(stages, { source: 0, from: 0, first }, shape);
  expect(steps).toEqual([8, 2, 8, 8, 8, 8, 7, 1]);
});

test('no step crosses where a stage comes in, and each token runs once', () => {
  const stage = fc.record({ length: fc.nat(50), joins: fc.boolean() });
  fc.assert(
    fc.property(fc.array(stage, { minLength: 1, maxLength: 4 }), (drawn) => {
      let at = 0;
      const ends = [0, ...first.map((length) => (at += length))];
      const stages = drawn.map((one) => ({ ...one, length: ends.findLast((end) => end <= one.length) ?? 0 }));
      const steps = replaySteps(stages, { source: -1, from: 0, first }, shape);
      let position = 0;
      for (const length of steps) {
        const end = position + length;
        expect(length).toBeLessThanOrEqual(shape.chunkTokens);
        for (const { length: begins } of stages) expect(begins > position && begins < end).toBe(false);
        if (length > 1 && position >= shape.promptLength) {
          const running = stages.findIndex((one) => one.length > position);
          expect(stages.slice(0, running < 0 ? undefined : running).every(({ joins }) => joins)).toBe(true);
        }
        position = end;
      }
      expect(position).toBe(50);
    }),
  );
});

test('a stage joins tokens where its caches come out the same and what it sends has a row for each', () => {
  const row = (dims: (number | 'step' | 'past' | 'total')[]) => ({
    replay: 'chunks' as const,
    description: { boundaryOut: [{ name: 'row', type: 'float32' as const, dims }] },
  });
  expect(canJoin(row([1, 'step', 16]))).toBe(true);
  expect(canJoin(row([1, 1, 'step', 'total']))).toBe(false);
  expect(canJoin(row([16]))).toBe(false);
  expect(canJoin({ ...row([1, 'step', 16]), replay: 'steps' })).toBe(false);
  expect(canJoin({ description: { boundaryOut: [] } })).toBe(false);
});
