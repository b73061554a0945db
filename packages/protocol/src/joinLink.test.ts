import { expect, test } from 'vitest';
import { joinLink, readJoinLink, type JoinLink } from './joinLink.ts';

test('a join link carries what the device needs behind the #, where no server sees it', () => {
  const link = joinLink({ hubUrl: 'https://192.168.1.20:8443', token: 'a-b_c' });
  expect(link).toBe('https://192.168.1.20:8443/join#token=a-b_c');
  const whole: JoinLink = {
    hubUrl: 'http://[fd00::2]:8000',
    token: 'a token & more',
    auto: true,
    name: 'attic #2',
    memoryBytes: 2e9,
    mainMemoryBytes: 8e9,
    fingerprint: 'AA:BB',
  };
  expect(readJoinLink(joinLink(whole))).toEqual(whole);
  const below: JoinLink = { hubUrl: 'https://example.org/potluck', token: 'x' };
  expect(joinLink(below)).toBe('https://example.org/potluck/join#token=x');
  expect(readJoinLink(joinLink(below))).toEqual(below);
  expect(readJoinLink('https://example.org/potluck/').hubUrl).toBe('https://example.org/potluck');
});

test("a hub's plain URL is read too, and what is neither is refused by what it is", () => {
  expect(readJoinLink('http://hub.local:8000/')).toEqual({ hubUrl: 'http://hub.local:8000', token: '' });
  expect(readJoinLink('https://hub.local/join#token=x&memory=lots&auto=yes')).toEqual({
    hubUrl: 'https://hub.local',
    token: 'x',
  });
  expect(() => readJoinLink('hub.local:8000')).toThrow('"hub.local:8000" is no join link');
  expect(() => readJoinLink('file:///etc')).toThrow('is no join link');
});
