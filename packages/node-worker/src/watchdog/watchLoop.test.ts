import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../testing/watchedProcess.ts', import.meta.url));
const limitMs = 1500;

function watched() {
  const child = spawn(process.execPath, [program, String(limitMs)]);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    says: async (): Promise<string> => (await lines.next()).value as string,
    ended: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  };
}

test('a process whose loop stands still is ended, and says why', async () => {
  const { child, says, ended } = watched();
  const complaint = text(child.stderr);
  expect(await says()).toBe('watched');
  child.stdin.write('block\n');
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(await complaint).toContain('its event loop stood still for 1.5 s');
});

test('a process that was stopped for longer, as by a sleep of the machine, goes on', async () => {
  const { child, says, ended } = watched();
  expect(await says()).toBe('watched');
  child.kill('SIGSTOP');
  // The stop itself must be longer than the limit.
  await pause(2 * limitMs);
  child.kill('SIGCONT');
  // And the watchdog has looked several times since.
  await pause(limitMs / 3);
  child.stdin.write('hello\n');
  expect(await says()).toBe('here');
  child.stdin.end();
  expect(await ended).toEqual([0, null]);
});
