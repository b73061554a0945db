import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InTurns } from './inTurns.ts';

const work = (milliseconds: number): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

test('a task is done at once where nothing else is to be done', async () => {
  await setImmediate();
  const done: number[] = [];
  new InTurns().take(() => done.push(1));
  expect(done).toEqual([1]);
});

test('many tasks are spread over turns, in their order, with what they set in motion', async () => {
  const turns = new InTurns();
  const done: string[] = [];
  // This turn's time is spent: a task that is done at once comes before what the task ahead set in motion.
  turns.take(() => work(10));
  for (let task = 0; task < 20; task++) {
    turns.take(() => {
      work(4);
      done.push(`task ${task}`);
      void Promise.resolve().then(() => done.push(`after ${task}`));
    });
  }
  const perTurn: number[] = [];
  for (let before = 0; before < 40; before = done.length) {
    await setImmediate();
    perTurn.push((done.length - before) / 2);
  }
  expect(Math.max(...perTurn)).toBeLessThan(5);
  expect(done).toEqual(Array.from({ length: 20 }, (_, task) => [`task ${task}`, `after ${task}`]).flat());
});
