import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { Exclusions } from './exclusions.ts';

const worker = (): WorkerId => WorkerId.parse(randomUUID());

test('a worker sits out longer each time, and has a clean slate when it served', () => {
  const exclusions = new Exclusions();
  const one = worker();
  exclusions.add(one, 'the first', 0);
  expect([exclusions.reasonFor(one, 1999), exclusions.reasonFor(one, 2000)]).toEqual([
    'the first',
    undefined,
  ]);
  exclusions.add(one, 'the second', 2000);
  expect([exclusions.reasonFor(one, 5999), exclusions.nextEndIn(2000)]).toEqual(['the second', 4000]);
  exclusions.forget(one);
  expect(exclusions.reasonFor(one, 2001)).toBeUndefined();
});

test('a kind without the code is unable at once; a worker that keeps failing alike, alone and until it starts anew', () => {
  const exclusions = new Exclusions();
  const [one, other] = [worker(), worker()];
  exclusions.add(one, 'Could not find an implementation for X(1)', 0, 'cpu');
  expect(exclusions.unableBecause(other, 'cpu')).toMatch(/Could not find/);
  exclusions.forgetUnable();
  expect(exclusions.unableBecause(other, 'cpu')).toBeUndefined();
  for (let time = 0; time < 5; time++) exclusions.add(one, 'the shader compiler crashed', time, 'gpu');
  expect(exclusions.unableBecause(one, 'gpu')).toBe('the shader compiler crashed');
  expect(exclusions.unableBecause(other, 'gpu')).toBeUndefined();
  exclusions.forget(one);
  expect(exclusions.unableBecause(one, 'gpu')).toBeUndefined();
});

test('want of memory, and what failed elsewhere than at the device, may pass', () => {
  const exclusions = new Exclusions();
  const one = worker();
  for (let time = 0; time < 9; time++) {
    exclusions.add(one, 'out of memory: allocation not supported', time, 'gpu');
    exclusions.add(one, 'unsupported answer of the hub', time);
  }
  expect(exclusions.unableBecause(one, 'gpu')).toBeUndefined();
});
