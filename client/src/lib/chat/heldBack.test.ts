import { expect, test } from 'vitest';
import { longestMessage } from './failure.ts';
import { whyHeldBack } from './heldBack.ts';

test('a field takes what a message holds, and says how much more was pasted', () => {
  expect(whyHeldBack(longestMessage, longestMessage)).toBeUndefined();
  expect(whyHeldBack(longestMessage + 1, 12)).toMatch(/ 12 characters.* 1,000,000 at most/);
});
