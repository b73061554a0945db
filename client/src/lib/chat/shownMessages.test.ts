import { expect, test } from 'vitest';
import { earlierFrom, firstShown } from './shownMessages.ts';

test('a long conversation begins with few messages, and comes to show all of them', () => {
  expect(firstShown(4)).toBe(0);
  let from = firstShown(2000);
  expect(2000 - from).toBeLessThan(50);
  for (let batches = 0; from > 0; batches += 1) {
    expect(earlierFrom(from)).toBeLessThan(from);
    from = earlierFrom(from);
    expect(batches).toBeLessThan(2000);
  }
  expect(from).toBe(0);
});
