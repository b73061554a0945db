import { expect, test } from 'vitest';
import { isRedisUrl, withoutSecrets } from './redisUrl.ts';

test.each([
  [true, 'redis://redis:6379'],
  [true, 'rediss://:secret@redis.example.org/2'],
  [false, 'redis'],
  [false, 'http://redis:6379'],
  [false, 'redis://'],
])('%s: %s', (isOne, text) => {
  expect(isRedisUrl(text)).toBe(isOne);
});

test('nothing that is secret is shown', () => {
  expect(withoutSecrets('rediss://name:secret@redis:6379/1?a=secret')).toBe('rediss://redis:6379/1');
  expect(withoutSecrets('secret')).toBe('the Redis');
});
