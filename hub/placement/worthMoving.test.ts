import { describe, expect, test } from 'vitest';
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
    ...{ expectedTokens: 10_000, pauseMs: 1000, now: 0 },
    ...changes,
  });

test('a move pays where the expected tokens gain more than loading takes', () => {
  const fast = gridWorker('fast', 2e9, measured(40));
  // A gigabyte takes 100 s over a usual link; with a second of pause, 60 ms a token pay for it after 1,684 tokens.
  expect(ask(fast)).toEqual({
    isWorth: true,
    reason:
      'a token would take 40 ms instead of 100 ms; the move has to load 1 GB first and pays off after 1684 tokens',
    timesAsFast: 2.5,
    promise: { beforeMs: 100, promisedMs: 40 },
  });
  expect(ask(fast, { expectedTokens: 1000 })).toMatchObject({
    isWorth: false,
    reason: expect.stringMatching(/pays off after 1684 tokens, and 1000 are expected$/) as string,
  });
  // Who has the weights needs only the pause.
  const ready = { ...fast, cachedBlobs: new Set([sha256Of('weights')]) };
  expect(ask(ready, { expectedTokens: 20 })).toMatchObject({
    isWorth: true,
    reason:
      'a token would take 40 ms instead of 100 ms; nothing has to be loaded for the move, and it pays off after 17 tokens',
  });
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
  const question = { model, grid, expectedTokens: 1e9, pauseMs: 0, now: 0 };
  const there = worthMoving({ ...question, current: whole(one), target: whole(other) });
  const back = worthMoving({ ...question, current: whole(other), target: whole(one) });
  expect([there.isWorth, back.isWorth]).toEqual([true, false]);
});

describe('what was tried for a moment is compared with what was tried', () => {
  const step = { model: model.id, weightBytes: 1e9 };
  const shown = (tried: number, served?: number): Partial<GridWorker> => ({
    tokenSteps: [
      ...(served === undefined ? [] : [{ ...step, milliseconds: served, source: 'served', at: 0 } as const]),
      { ...step, milliseconds: tried, source: 'tried', at: 0 },
    ],
  });
  const ask = (
    [present, elsewhere, ...others]: GridWorker[],
    changes: Partial<MoveQuestion> = {},
  ): MoveVerdict & { promisedMs: number } => {
    const [from, to] = [present as GridWorker, elsewhere as GridWorker];
    const verdict = worthMoving({
      ...{ model, grid: gridOf([from, to, ...others]), current: whole(from), target: whole(to) },
      ...{ expectedTokens: 1e9, pauseMs: 0, now: 0 },
      ...changes,
    });
    return { ...verdict, promisedMs: Math.round(verdict.promise?.promisedMs ?? Number.NaN) };
  };
  const busy = gridWorker('busy', 2e9, shown(10, 50));

  test('another one would be as busy as those that serve now', () => {
    expect(ask([busy, gridWorker('like it', 2e9, shown(9))])).toMatchObject({
      isWorth: false,
      promisedMs: 45,
    });
    // Nor is a guess better than what was tried: by its kind, it would take 126 ms with nothing else to do.
    const guessed = ask([gridWorker('slow', 2e9, shown(100, 400)), gridWorker('unknown', 2e9)]);
    expect(guessed).toMatchObject({ isWorth: false, promisedMs: 502 });
    // Four times as fast when tried is as much faster in answers.
    const slow = gridWorker('slow', 2e9, shown(40, 52));
    expect(ask([slow, gridWorker('fast', 2e9, shown(10))])).toMatchObject({ isWorth: true, promisedMs: 13 });
  });

  test('what it did in answers lately counts, though it was tried when it had nothing else to do', () => {
    expect(ask([busy, gridWorker('busier', 2e9, shown(5, 60))])).toMatchObject({
      isWorth: false,
      promisedMs: 60,
    });
    const sevenHours = 7 * 3_600_000;
    const later = ask([gridWorker('busy', 2e9, shown(40, 50)), gridWorker('one', 2e9, shown(5, 60))], {
      now: sevenHours,
    });
    expect(later).toMatchObject({ isWorth: true, promisedMs: 5 });
  });

  test('boldly, others are as busy as such workers usually are; twice as fast is then the least', () => {
    const like = gridWorker('like it', 2e9, shown(9));
    expect(ask([busy, like], { isBold: true })).toMatchObject({ isWorth: true, promisedMs: 9 });
    const faster = gridWorker('busy', 2e9, shown(10, 25));
    expect(ask([faster, like], { isBold: true }).isWorth).toBe(false);
    const third = gridWorker('third', 2e9, shown(10, 40));
    expect(ask([busy, like, third], { isBold: true })).toMatchObject({ isWorth: false, promisedMs: 36 });
    expect(ask([busy, gridWorker('known', 2e9, shown(9, 14)), third], { isBold: true })).toMatchObject({
      ...{ isWorth: true, promisedMs: 14 },
    });
  });

  test('a neighbour on the same machine promises nothing, another device of that machine does', () => {
    const machine = 'attic';
    const disturbed = gridWorker('one', 2e9, { ...shown(40, 50), machine });
    const neighbour = gridWorker('two', 2e9, { ...shown(8), machine });
    expect(ask([disturbed, neighbour])).toMatchObject({ isWorth: false, promisedMs: 50 });
    expect(ask([busy, gridWorker('tab', 2e9, { ...shown(9) })], { isBold: true }).isWorth).toBe(true);
    const device = { kind: 'cuda', description: 'a GPU', float16: true } as const;
    const gpu = gridWorker('gpu', 2e9, { ...shown(8), machine, device });
    expect(ask([disturbed, gpu])).toMatchObject({ isWorth: true, promisedMs: 10 });
    const same = gridWorker('same', 2e9, { ...shown(10, 50), machine });
    // What makes the one slow makes the other slow, too.
    expect(ask([same, { ...gpu, tokenSteps: neighbour.tokenSteps }], { isBold: true })).toMatchObject({
      ...{ isWorth: false, promisedMs: 40 },
    });
  });

  test('the bar may be higher', () => {
    const slow = gridWorker('slow', 2e9, shown(20, 20));
    const fast = gridWorker('fast', 2e9, shown(10));
    expect(ask([slow, fast]).isWorth).toBe(true);
    expect(ask([slow, fast], { bar: 1.5 }).isWorth).toBe(false);
  });
});

test('workers that have just left make no trouble', () => {
  const gone = gridWorker('gone', 2e9);
  const grid = gridOf([slow]);
  expect(ask(gone, { grid }).isWorth).toBe(false);
  expect(ask(slow, { grid, current: whole(gone) }).isWorth).toBe(true);
});
