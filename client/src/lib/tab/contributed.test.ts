import { expect, test } from 'vitest';
import { addServed } from './contributed.ts';

test('what a tab does is added, also after it began anew', () => {
  const none = { tokens: 0, steps: 0, answers: 0, bytes: 0, joinedMs: 0 };
  const total = { tokens: 100, steps: 10, answers: 3, bytes: 1000, joinedMs: 60_000 };
  const more = addServed(
    total,
    { ...none, tokens: 5, steps: 1, joinedMs: 1000 },
    { ...none, tokens: 9, steps: 3, joinedMs: 3000 },
  );
  expect(more).toEqual({ tokens: 104, steps: 12, answers: 3, bytes: 1000, joinedMs: 62_000 });
  const anew = addServed(
    total,
    { ...none, tokens: 9, steps: 3 },
    { ...none, tokens: 2, steps: 1, answers: 1, bytes: 8 },
  );
  expect(anew).toEqual({ tokens: 102, steps: 11, answers: 4, bytes: 1008, joinedMs: 60_000 });
});
