import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import {
  nextPardon,
  noQuarantine,
  pardoned,
  quarantined,
  shiftedQuarantine,
  sitsOutBecause,
  unableBecause,
} from './quarantine.ts';

const worker = (): WorkerId => WorkerId.parse(randomUUID());

test('a worker sits out longer each time, and has a clean slate when it served', () => {
  const one = worker();
  const first = quarantined(noQuarantine, one, { reason: 'the first', at: 0 });
  expect([sitsOutBecause(first, one, 1999), sitsOutBecause(first, one, 2000)]).toEqual([
    'the first',
    undefined,
  ]);
  const second = quarantined(first, one, { reason: 'the second', at: 2000 });
  expect([sitsOutBecause(second, one, 5999), nextPardon(second, 2000)]).toEqual(['the second', 6000]);
  expect(sitsOutBecause(pardoned(second, [one]), one, 2001)).toBeUndefined();
  expect(pardoned(second, [worker()])).toBe(second);
});

test('a kind without the code is unable at once; a worker that keeps failing alike, alone and until it starts anew', () => {
  const [one, other] = [worker(), worker()];
  const reason = 'Could not find an implementation for X(1)';
  const unable = quarantined(noQuarantine, one, { reason, at: 0, deviceKind: 'cpu' });
  expect(unableBecause(unable, other, 'cpu')).toMatch(/Could not find/);
  let state = noQuarantine;
  for (let at = 0; at < 5; at++) {
    state = quarantined(state, one, { reason: 'the shader compiler crashed', at, deviceKind: 'gpu' });
  }
  expect(unableBecause(state, one, 'gpu')).toBe('the shader compiler crashed');
  expect(unableBecause(state, other, 'gpu')).toBeUndefined();
  expect(unableBecause(pardoned(state, [one]), one, 'gpu')).toBeUndefined();
});

test('want of memory, and what failed elsewhere than at the device, may pass', () => {
  const one = worker();
  let state = noQuarantine;
  for (let at = 0; at < 9; at++) {
    state = quarantined(state, one, {
      ...{ reason: 'out of memory: allocation not supported', at, deviceKind: 'gpu' },
    });
    state = quarantined(state, one, { reason: 'unsupported answer of the hub', at });
  }
  expect(unableBecause(state, one, 'gpu')).toBeUndefined();
});

test('a clock that jumps lengthens and shortens no quarantine', () => {
  const one = worker();
  const state = shiftedQuarantine(quarantined(noQuarantine, one, { reason: 'x', at: 0 }), 3_600_000);
  expect(nextPardon(state, 3_600_000)).toBe(3_602_000);
});
