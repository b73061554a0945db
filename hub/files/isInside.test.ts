import path from 'node:path';
import { expect, test } from 'vitest';
import { isInside } from './isInside.ts';

const { posix, win32 } = path;

test.each([
  [posix, '/srv/models/mini', '/srv/models', true],
  [posix, '/srv/models', '/srv/models', true],
  [posix, '/srv/models/', '/srv/models', true],
  [posix, '/etc/passwd', '/', true],
  [posix, '/srv/models-2/mini', '/srv/models', false],
  [posix, '/srv', '/srv/models', false],
  [posix, '/srv/models/..hidden', '/srv/models', true],
  [posix, '/home/Jörg Müller/Modelle/ä', '/home/Jörg Müller', true],
  [win32, String.raw`C:\Users\Jörg Müller\models\mini`, String.raw`C:\Users\Jörg Müller\models`, true],
  [win32, String.raw`c:\users\jörg\models`, String.raw`C:\Users\Jörg`, true],
  [win32, String.raw`C:\models\mini`, 'C:\\', true],
  [win32, String.raw`D:\models\mini`, String.raw`C:\models`, false],
  [win32, String.raw`\\server\share\models`, String.raw`\\server\share`, true],
  [win32, String.raw`\\server\share\models`, String.raw`C:\models`, false],
])('%o: %s below %s', (rules, file, folder, expected) => {
  expect(isInside(file, folder, rules)).toBe(expected);
});
