import { expect, test } from 'vitest';
import { shortestWait, type ReplicaLoad } from './shortestWait.ts';

const replica = (name: string, changes: Partial<ReplicaLoad> = {}): ReplicaLoad & { name: string } => ({
  name,
  running: 0,
  waiting: 0,
  tokenMs: 20,
  hasRoom: true,
  ...changes,
});

test('requests go where a token takes least, the answers there counted', () => {
  const [fast, slow] = [replica('fast'), replica('slow', { tokenMs: 50 })];
  expect(shortestWait([slow, fast])?.name).toBe('fast');
  expect(shortestWait([slow, { ...fast, running: 1 }])?.name).toBe('fast');
  expect(shortestWait([slow, { ...fast, running: 1, waiting: 1 }])?.name).toBe('slow');
  expect(shortestWait([slow, { ...fast, hasRoom: false }])?.name).toBe('slow');
  expect(shortestWait([])).toBeUndefined();
});

test('under uneven load, replicas share requests by how fast they are', () => {
  // One replica is three times as fast, and no answer ends.
  const replicas = [replica('fast', { tokenMs: 10 }), replica('slow', { tokenMs: 30 })];
  const taken = new Map<string, number>();
  for (let request = 0; request < 40; request++) {
    const chosen = shortestWait(replicas);
    if (!chosen) throw new Error('nobody serves');
    chosen.running++;
    taken.set(chosen.name, (taken.get(chosen.name) ?? 0) + 1);
  }
  expect(Object.fromEntries(taken)).toEqual({ fast: 30, slow: 10 });
});
