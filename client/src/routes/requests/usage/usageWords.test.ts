import { expect, test } from 'vitest';
import { bothPercentiles, failedShare, groupName } from './usageWords.ts';

test('groups without a name have words', () => {
  const ids = ['chat', 'api', '?', 'key:work'];
  const names = ids.map((id) => groupName({ id, name: id === 'key:work' ? 'work' : '' }));
  expect(names).toEqual(['Chat in this app', 'Programs without a key', 'Unknown model', 'work']);
  expect(groupName({ id: '?', name: '?' })).toBe('Unknown model');
});

test('what was not measured is a dash', () => {
  expect(bothPercentiles(null)).toBe('–');
  expect(bothPercentiles({ p50: 9.94, p95: 1250 })).toBe('9.9 ms / 1.3 s');
  expect(failedShare({ errorRate: null })).toBe('–');
});
