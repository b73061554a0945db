import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { asksToStop, stopSignals } from './onStop.ts';

test.each([
  ['linux', ['SIGINT', 'SIGTERM', 'SIGHUP']],
  ['darwin', ['SIGINT', 'SIGTERM', 'SIGHUP']],
  ['win32', ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']],
] as const)('on %s', (platform, signals) => {
  expect(stopSignals(platform)).toEqual(signals);
});

test('a closed terminal ends what was started in it, and nothing that nohup started', () => {
  expect(asksToStop('SIGHUP', { platform: 'linux', hasTerminal: true })).toBe(true);
  expect(asksToStop('SIGHUP', { platform: 'linux', hasTerminal: false })).toBe(false);
  expect(asksToStop('SIGHUP', { platform: 'win32', hasTerminal: false })).toBe(true);
  expect(asksToStop('SIGTERM', { platform: 'linux', hasTerminal: false })).toBe(true);
});

/** Says its process id, then each signal at which it is to stop. */
const program = `
  import { onStop } from ${JSON.stringify(new URL('onStop.ts', import.meta.url).href)};
  setInterval(() => undefined, 1000);
  onStop((signal) => console.log(signal));
  console.log(process.pid);
`;
let pid: number | undefined;
afterEach(() => {
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  pid = undefined;
});

/** @returns the child, the process id of the program, and the signals that it has named so far */
async function start(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PROGRAM: program, NODE: process.execPath, ...env },
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
  await expect.poll(() => lines, { timeout: 60_000 }).toHaveLength(1);
  pid = Number(lines.shift());
  return { child, lines, pid };
}

test('one wish that comes twice is one, and without a terminal a SIGHUP is none', async () => {
  const { pid: to, lines } = await start(process.execPath, ['--input-type=module', '--eval', program]);
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGTERM'] as const) process.kill(to, signal);
  await expect.poll(() => lines, { timeout: 60_000 }).toEqual(['SIGTERM']);
  // Later it is another one.
  await expect
    .poll(
      () => {
        process.kill(to, 'SIGINT');
        return lines;
      },
      { timeout: 60_000 },
    )
    .toContain('SIGINT');
});

test.skipIf(process.platform === 'win32')('what npm started ends when its shell does', async () => {
  const line = '"$NODE" --input-type=module --eval "$PROGRAM"; exit 1';
  const { child, lines } = await start('sh', ['-c', line], {
    npm_lifecycle_script: 'node bin/potluck.js hub',
  });
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  await expect.poll(() => lines, { timeout: 60_000 }).toEqual(['SIGTERM']);
});
