import { expect, test } from 'vitest';
import { addServed } from './contributed.ts';

test('what a tab does is added, also after it began anew', () => {
  const total = { tokens: 100, steps: 10 };
  expect(addServed(total, { tokens: 5, steps: 1 }, { tokens: 9, steps: 3 })).toEqual({
    tokens: 104,
    steps: 12,
  });
  expect(addServed(total, { tokens: 9, steps: 3 }, { tokens: 2, steps: 1 })).toEqual({
    tokens: 102,
    steps: 11,
  });
});
