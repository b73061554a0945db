import { Origin, TurnUrl } from '@potluck/api';
import { expect, test } from 'vitest';
import { readOrigins, readTurnUrls } from './readLines.ts';

test('one address per line, and blank lines do not count', () => {
  const lines = 'https://a.example\n\n http://localhost:3000 ';
  expect(readOrigins(lines)).toEqual(['https://a.example', 'http://localhost:3000']);
  expect(readOrigins('')).toEqual([]);
  expect(readTurnUrls('turn:a.example\nturns:b.example:443')).toHaveLength(2);
});

test('the line that is wrong is named as it stands there', () => {
  expect(() => readOrigins('https://a.example\n not an origin')).toThrow(/^The line “not an origin” isn’t/);
  expect(() => readTurnUrls('turn:a.example\nstun:b')).toThrow(/^The line “stun:b” isn’t/);
});

test.each(['https://a.example', 'https://a.example/', 'https://a.example/x', 'ftp://a.example', 'a.example'])(
  'the form takes the site %s where the hub does',
  (line) => {
    if (Origin.safeParse(line).success) expect(readOrigins(line)).toEqual([line]);
    else expect(() => readOrigins(line)).toThrow('isn’t the address of a site');
  },
);

test.each(['turn:a.example:3478?transport=tcp', 'TURNS:[::1]', 'turn:', 'turn:a:123456', 'stun:a', 'a'])(
  'the form takes the server %s where the hub does',
  (line) => {
    if (TurnUrl.safeParse(line).success) expect(readTurnUrls(line)).toEqual([line]);
    else expect(() => readTurnUrls(line)).toThrow('isn’t the address of a TURN server');
  },
);
