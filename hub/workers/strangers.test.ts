import { expect, test } from 'vitest';
import { Strangers } from './strangers.ts';

test('one address has a limited number of strangers, and another one is not touched by it', () => {
  const strangers = new Strangers(2);
  const leave = strangers.enter('a');
  expect([strangers.enter('a'), strangers.enter('a'), strangers.enter('b')]).toEqual([
    expect.any(Function),
    undefined,
    expect.any(Function),
  ]);
  leave?.();
  // Said twice, it gives back one place.
  leave?.();
  expect([strangers.enter('a'), strangers.enter('a')]).toEqual([expect.any(Function), undefined]);
});
