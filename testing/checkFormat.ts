/**
 * `npm run format:check`: oxfmt, which writes nearly all files as Prettier does and reads all in a second; then Prettier on
 * what oxfmt would write otherwise, and on components, which only Prettier knows. Prettier has the last word.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const program = (name: string, script: string): string => join(root, 'node_modules', name, script);

const oxfmt = spawnSync(process.execPath, [program('oxfmt', 'bin/oxfmt'), '--list-different', '.'], {
  ...{ cwd: root, encoding: 'utf8' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
// 1: it lists some; anything else is what it could not do.
const hasListed = oxfmt.status === 0 || oxfmt.status === 1;
const different = oxfmt.stdout.split('\n').filter(Boolean);
const prettier = spawnSync(
  process.execPath,
  [program('prettier', 'bin/prettier.cjs'), '--check', '**/*.svelte', ...different],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = hasListed ? (prettier.status ?? 1) : 1;
