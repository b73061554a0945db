/** Fails in each way that a test can; only reporters.test.ts runs it. */
import { beforeAll, describe, expect, test } from 'vitest';

test('passes', () => undefined);

test('expects something else', () => {
  expect({ soup: 'leek' }).toEqual({ soup: 'potato' });
});

describe('a group', () => {
  beforeAll(() => {
    throw new Error('the hook throws');
  });
  test('never runs', () => undefined);
});
