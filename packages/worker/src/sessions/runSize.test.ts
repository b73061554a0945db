import { WorkerId } from '@potluck/protocol';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { runSizeOf } from './runSize.ts';
import type { StagePlace } from './stagePlace.ts';

const [one, other] = [randomUUID(), randomUUID()].map((id) => WorkerId.parse(id));
const place = (...workers: (WorkerId | undefined)[]): Pick<StagePlace, 'stages'> => ({
  stages: workers.map((workerId) => ({ workerId })) as StagePlace['stages'],
});

test('each worker of a pipeline has its part of the sessions', () => {
  expect(runSizeOf(place(one), 8)).toBe(8);
  expect(runSizeOf(place(one, other), 8)).toBe(4);
  expect(runSizeOf(place(one, other), 7)).toBe(4);
  expect(runSizeOf(place(one, other), 1)).toBe(1);
});

test('stages of one worker run one after the other, so that all sessions are in one run', () => {
  expect(runSizeOf(place(one, one), 8)).toBe(8);
  expect(runSizeOf(place(one, other, one), 8)).toBe(4);
});
