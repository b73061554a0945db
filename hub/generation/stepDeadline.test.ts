import { expect, test } from 'vitest';
import { stepDeadlineMs, triedStepMs } from './stepDeadline.ts';

test('a deadline is many times a step, and keeps between its bounds', () => {
  expect(stepDeadlineMs(5000)).toBe(100_000);
  expect(stepDeadlineMs(0.01)).toBe(30_000);
  expect(stepDeadlineMs(1e9)).toBe(300_000);
  expect(stepDeadlineMs(Infinity)).toBe(300_000);
});

test('a step takes as long as all stages together, and the lines between them', () => {
  expect(triedStepMs([{ tokenStepMs: 40 }], 1)).toBe(40);
  expect(triedStepMs([{ tokenStepMs: 40 }, { tokenStepMs: 60 }], 1)).toBe(102.5);
});

test('a chunk is judged by a tried chunk that is no shorter, else by its tokens one by one', () => {
  const promptSteps = [
    { tokens: 256, milliseconds: 700 },
    { tokens: 512, milliseconds: 1200 },
  ];
  const stage = { tokenStepMs: 10, promptSteps };
  expect(triedStepMs([stage], 200)).toBe(700);
  expect(triedStepMs([stage], 300)).toBe(1200);
  expect(triedStepMs([stage], 20)).toBe(200);
  expect(triedStepMs([stage], 1024)).toBe(10_240);
});

test('a stage that measured nothing leaves the time open', () => {
  expect(triedStepMs([{ tokenStepMs: 10 }, {}], 1)).toBe(Infinity);
  expect(triedStepMs([{ promptSteps: [{ tokens: 256, milliseconds: 5 }] }], 512)).toBe(Infinity);
});
