import { expect, test } from 'vitest';
import { atHub, plainHubUrl } from './hubPath.ts';

test.each([
  ['http://hub:8000', 'http://hub:8000/api/session'],
  ['http://hub:8000/', 'http://hub:8000/api/session'],
  ['https://[fd00::2]:8443/potluck', 'https://[fd00::2]:8443/potluck/api/session'],
  ['https://example.org/a/b//?x#y', 'https://example.org/a/b/api/session'],
])('paths of the hub go below its own: %s', (hubUrl, expected) => {
  expect(atHub(hubUrl, '/api/session').href).toBe(expected);
});

test('a hub has one spelling', () => {
  expect(plainHubUrl('https://Example.org:443/potluck/')).toBe('https://example.org/potluck');
});
