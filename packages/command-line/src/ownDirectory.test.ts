import { posix, win32 } from 'node:path';
import { expect, test } from 'vitest';
import { ownDirectory } from './ownDirectory.ts';

test.each([
  ['Linux', {}, { home: '/home/jörg', rules: posix }, '/home/jörg/.potluck/worker'],
  ['macOS', {}, { home: '/Users/Jörg Müller', rules: posix }, '/Users/Jörg Müller/.potluck/worker'],
  [
    'Windows',
    {},
    { home: String.raw`C:\Users\Jörg Müller`, rules: win32 },
    String.raw`C:\Users\Jörg Müller\.potluck\worker`,
  ],
  ['Linux', { XDG_DATA_HOME: '/data' }, { home: '/home/jörg', rules: posix }, '/data/potluck/worker'],
  ['Linux', { XDG_DATA_HOME: '' }, { home: '/root', rules: posix }, '/root/.potluck/worker'],
])('on %s with %j', (_, environment, system, expected) => {
  expect(ownDirectory('worker', environment, system)).toBe(expected);
});
