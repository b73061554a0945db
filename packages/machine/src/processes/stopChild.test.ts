import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hasEnded } from './hasEnded.ts';
import { stopChild } from './stopChild.ts';

test('a process that runs is ended, one that has ended is not waited for, and one that never began neither', async () => {
  const running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  expect(hasEnded(running)).toBe(false);
  await stopChild(running);
  expect([hasEnded(running), running.signalCode]).toEqual([true, 'SIGTERM']);
  await stopChild(running);

  const absent = spawn('/nowhere/program', { stdio: 'ignore' });
  const failed = once(absent, 'error');
  await stopChild(absent);
  expect(hasEnded(absent)).toBe(true);
  await failed;
});
