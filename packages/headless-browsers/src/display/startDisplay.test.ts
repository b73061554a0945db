import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findXvfb, startDisplay } from './startDisplay.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'potluck-display-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(script: string): string {
  const file = join(directory, 'Xvfb');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test('it is found on the path, or not', () => {
  const file = program('exit 0');
  expect(findXvfb({ PATH: `/nowhere:${directory}` })).toBe(file);
  expect(findXvfb({ PATH: '/nowhere' })).toBeUndefined();
});

test('it says which display it is, and ends when it is closed', async () => {
  const ended = join(directory, 'ended');
  const display = await startDisplay(
    program(`trap 'touch ${ended}; exit' TERM; echo 7 >&3; while :; do sleep 0.1; done`),
  );
  expect(display.name).toBe(':7');
  display.close();
  await expect.poll(() => existsSync(ended)).toBe(true);
});

test('what keeps it from starting is said', async () => {
  await expect(startDisplay(program('echo "(EE) no room" >&2; exit 1'))).rejects.toThrow(
    /does not start: \(EE\) no room/,
  );
  await expect(startDisplay(join(directory, 'none'))).rejects.toThrow(/does not start: .*ENOENT/);
});

test('the real one takes a display that is free', async (context) => {
  const xvfb = findXvfb();
  if (xvfb === undefined) return context.skip('Xvfb is not installed');
  const displays = [await startDisplay(xvfb), await startDisplay(xvfb)];
  expect(new Set(displays.map(({ name }) => name)).size).toBe(2);
  for (const display of displays) {
    const socket = connect(`/tmp/.X11-unix/X${display.name.slice(1)}`);
    await once(socket, 'connect');
    socket.destroy();
    display.close();
  }
});
