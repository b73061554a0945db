import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel, sha256Of } from '../testing/gridView.ts';
import type { GridWorker } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { worthMoving, type MoveQuestion, type MoveVerdict } from './worthMoving.ts';

const packs = [{ sha256: sha256Of('weights'), size: 1e9 }];
const model = placedModel(10, 100e6, { packs });
const measured = (milliseconds: number): Partial<GridWorker> => ({
  tokenSteps: [{ model: model.id, weightBytes: 1e9, milliseconds, source: 'served' }],
});
const slow = gridWorker('slow', 2e9, measured(100));
const whole = ({ id: workerId }: GridWorker): StageAt[] => [{ workerId, firstLayer: 0, lastLayer: 9 }];

const ask = (to: GridWorker, changes: Partial<MoveQuestion> = {}): MoveVerdict =>
  worthMoving({
    model,
    grid: gridOf([slow, to]),
    current: whole(slow),
    target: whole(to),
    expectedTokens: 10_000,
    pauseMs: 1000,
    ...changes,
  });

test('a move pays where the expected tokens gain more than loading takes', () => {
  const fast = gridWorker('fast', 2e9, measured(40));
  // A gigabyte takes 100 s over a usual link; with a second of pause, 60 ms a token pay for it after 1,684 tokens.
  expect(ask(fast)).toEqual({
    isWorth: true,
    reason: 'a token would take 40 ms instead of 100 ms; 1 GB to load pay after 1684 tokens',
    timesAsFast: 2.5,
  });
  expect(ask(fast, { expectedTokens: 1000 })).toMatchObject({
    isWorth: false,
    reason: expect.stringMatching(/pay after 1684 tokens, and 1000 are expected$/) as string,
  });
  // Who has the weights needs only the pause.
  const ready = { ...fast, cachedBlobs: new Set([sha256Of('weights')]) };
  expect(ask(ready, { expectedTokens: 20 }).isWorth).toBe(true);
});

test('what may be noise is no reason: the more of it, the less is known', () => {
  expect(ask(gridWorker('as fast', 2e9, measured(85))).reason).toMatch(/may be noise$/);
  // By a guess, a processor would take 126 ms.
  expect(ask(gridWorker('unknown', 2e9), { expectedTokens: 1e9 }).isWorth).toBe(false);
  expect(ask(slow, { expectedTokens: Infinity }).isWorth).toBe(false);
});

test('there and back again never pays', () => {
  const [one, other] = [gridWorker('one', 2e9, measured(100)), gridWorker('other', 2e9, measured(60))];
  const grid = gridOf([one, other]);
  const question = { model, grid, expectedTokens: 1e9, pauseMs: 0 };
  const there = worthMoving({ ...question, current: whole(one), target: whole(other) });
  const back = worthMoving({ ...question, current: whole(other), target: whole(one) });
  expect([there.isWorth, back.isWorth]).toEqual([true, false]);
});

test('workers that have just left make no trouble', () => {
  const gone = gridWorker('gone', 2e9);
  const grid = gridOf([slow]);
  expect(ask(gone, { grid }).isWorth).toBe(false);
  expect(ask(slow, { grid, current: whole(gone) }).isWorth).toBe(true);
});
