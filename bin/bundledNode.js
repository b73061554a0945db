// @ts-check
/** Which Node came with the packages. Plain JavaScript that any Node can read, as bin/potluck.js is. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * A Node that came with the packages: in a clone by `node`, else by the package for this kind of machine.
 * @param {readonly string[]} folders node_modules, the nearest first
 * @param {{ platform: string, arch: string, rules: path.PlatformPath, exists: (file: string) => boolean }} system
 * @returns {string | undefined} the program's path
 */
export function bundledNode(
  folders,
  { platform, arch, rules, exists } = {
    platform: process.platform,
    arch: process.arch,
    rules: path,
    exists: existsSync,
  },
) {
  const isWindows = platform === 'win32';
  const names = ['node', `node-${isWindows ? 'win' : platform}-${arch}`];
  return names
    .flatMap((name) =>
      folders.map((folder) => rules.join(folder, name, 'bin', isWindows ? 'node.exe' : 'node')),
    )
    .find((file) => exists(file));
}
