import { expect, test } from 'vitest';
import { OwnAnswers } from './ownAnswers.ts';

const waits = (): void => undefined;

test('where nobody coordinates the pages, an answer begins at once', async () => {
  const answers = new OwnAnswers();
  const leave = await answers.take('a', new AbortController().signal, waits);
  expect(answers.ids).toEqual(['a']);
  leave();
  expect(answers.ids).toEqual([]);
});

test('an answer waits until it is admitted, and says so', async () => {
  const answers = new OwnAnswers();
  const told: string[][] = [];
  let waited = 0;
  answers.coordinate(() => told.push(answers.ids));
  const taken = answers.take('a', new AbortController().signal, () => (waited += 1));
  answers.admit(['of another page']);
  expect(waited).toBe(1);
  answers.admit(['of another page', 'a']);
  const leave = await taken;
  // A worker that was started anew may count otherwise: what has begun goes on.
  answers.admit([]);
  expect(waited).toBe(1);
  leave();
  expect(told).toEqual([['a'], []]);
});

test('an answer that is stopped while it waits gives its place in the line up', async () => {
  const answers = new OwnAnswers();
  answers.coordinate(waits);
  const stopping = new AbortController();
  const taken = answers.take('a', stopping.signal, waits);
  stopping.abort();
  await expect(taken).rejects.toThrow('aborted');
  expect(answers.ids).toEqual([]);
});

test('what waits begins when the shared worker is given up', async () => {
  const answers = new OwnAnswers();
  answers.coordinate(waits);
  const taken = answers.take('a', new AbortController().signal, waits);
  answers.standAlone();
  await taken;
});
