import { expect, test } from 'vitest';
import { shortestWait, type ReplicaLoad } from './shortestWait.ts';

const replica = (name: string, changes: Partial<ReplicaLoad> = {}): ReplicaLoad & { name: string } => ({
  name,
  running: 0,
  waiting: 0,
  answerMs: 20,
  hasRoom: true,
  ...changes,
});

test('requests go where an answer takes least, the answers there counted', () => {
  const [fast, slow] = [replica('fast'), replica('slow', { answerMs: 50 })];
  expect(shortestWait([slow, fast])?.name).toBe('fast');
  expect(shortestWait([slow, { ...fast, running: 1 }])?.name).toBe('fast');
  expect(shortestWait([slow, { ...fast, running: 1, waiting: 1 }])?.name).toBe('slow');
  expect(shortestWait([slow, { ...fast, hasRoom: false }])?.name).toBe('slow');
  expect(shortestWait([])).toBeUndefined();
});

test('under uneven load, replicas share requests by how fast they are', () => {
  // One replica is three times as fast, and no answer ends.
  const replicas = [replica('fast', { answerMs: 10 }), replica('slow', { answerMs: 30 })];
  const taken = new Map<string, number>();
  for (let request = 0; request < 40; request++) {
    const chosen = shortestWait(replicas);
    if (!chosen) throw new Error('nobody serves');
    chosen.running++;
    taken.set(chosen.name, (taken.get(chosen.name) ?? 0) + 1);
  }
  expect(Object.fromEntries(taken)).toEqual({ fast: 30, slow: 10 });
});

test('a replica that has most of the prompt in a cache is worth some load, and not any', () => {
  const [cached, other] = [
    replica('cached', { answerMs: 100, running: 1 }),
    replica('other', { answerMs: 250 }),
  ];
  expect(shortestWait([other, cached])?.name).toBe('cached');
  expect(shortestWait([other, { ...cached, running: 2 }])?.name).toBe('other');
});
