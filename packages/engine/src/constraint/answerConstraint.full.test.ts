/** The long proof that answers are what their schemas say. */
import { expect, test } from 'vitest';
import { wrongAnswers } from '../testing/randomAnswers.ts';

test('answers to 200 schemas are valid, also those that are cut', () => {
  expect(wrongAnswers(200)).toEqual([]);
});
