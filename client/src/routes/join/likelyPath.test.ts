import { expect, test } from 'vitest';
import { likelyPath } from './likelyPath.ts';

test('a device whose UDP reaches the hub is likely to reach others directly', () => {
  expect(likelyPath(undefined)).toBe('unknown');
  expect(likelyPath({ hosts: 0, reflexive: 0, errors: 0 })).toBe('relayed');
  expect(likelyPath({ hosts: 1, reflexive: 0, errors: 0 })).toBe('direct');
  expect(likelyPath({ hosts: 2, reflexive: 0, errors: 1 })).toBe('direct');
  expect(likelyPath({ hosts: 2, reflexive: 1, errors: 2 })).toBe('direct');
  expect(likelyPath({ hosts: 2, reflexive: 0, errors: 2 })).toBe('relayed');
});
