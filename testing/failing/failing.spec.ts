/** Fails in each way that a test can; only reporters.test.ts runs it. */
import { expect, test } from '@playwright/test';

test('passes', () => undefined);

test('expects something else', () => {
  expect({ soup: 'leek' }).toEqual({ soup: 'potato' });
});

test.describe('a group', () => {
  test.beforeAll(() => {
    throw new Error('the hook throws');
  });
  test('never runs', () => undefined);
});
