import { expect, test } from 'vitest';
import { changedFields } from './changedFields.ts';

test('only what differs is a change, and only of the fields that are asked for', () => {
  const from = { days: 3, minutes: 5 as number | null, prompts: true };
  const to = { days: 4, minutes: null, prompts: true };
  expect(changedFields(from, to, ['minutes', 'prompts'])).toEqual({ minutes: null });
});
