import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stopChild } from '../processes/stopChild.ts';
import { DirectoryInUseError, lockDirectory } from './lockDirectory.ts';

const module = new URL('./lockDirectory.ts', import.meta.url).href;
const script = `(await import('${module}')).lockDirectory(process.argv[1]); console.log('locked'); setInterval(() => {}, 1e6)`;
let directory = '';
let others: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'potluck-lock-'));
  others = [];
});
afterEach(async () => {
  for (const other of others) await stopChild(other, 'SIGKILL');
  rmSync(directory, { recursive: true });
});

function isFree(): boolean {
  try {
    lockDirectory(directory).release();
    return true;
  } catch (error) {
    if (error instanceof DirectoryInUseError) return false;
    throw error;
  }
}

/** Starts a process with these arguments that has locked the directory when this resolves. */
async function locking(command: string, ...args: string[]): Promise<ChildProcess & { output: string }> {
  const other = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  others.push(other);
  const [output] = (await once(other.stdout, 'data')) as [Buffer];
  return Object.assign(other, { output: output.toString() });
}

test('a directory that a living process has is refused with its id, and taken over when that process was killed', async () => {
  const other = await locking(process.execPath, '--input-type=module', '-e', script, directory);
  expect(() => lockDirectory(directory)).toThrow(DirectoryInUseError);
  expect(() => lockDirectory(directory)).toThrow(`process ${other.pid}`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  lockDirectory(directory).release();
});

test.runIf(process.platform === 'linux')('a process that is only a zombie holds no directory', async () => {
  // The shell's place is taken by a program that never asks how its children ended.
  const shell = `"$0" --input-type=module -e "$1" "$2" & echo $!; exec tail -f /dev/null`;
  const parent = await locking('/bin/sh', '-c', shell, process.execPath, script, directory);
  const zombie = Number(parent.output.split('\n')[0]);
  if (!parent.output.includes('locked')) await once(parent.stdout as NodeJS.ReadableStream, 'data');
  expect(() => lockDirectory(directory)).toThrow(`process ${zombie}`);
  process.kill(zombie, 'SIGKILL');
  // Its threads end one after the other, and its files are closed with the last.
  await expect.poll(isFree).toBe(true);
  await expect.poll(() => readFileSync(`/proc/${zombie}/stat`, 'utf8')).toContain(') Z ');
  expect(isFree()).toBe(true);
});

test('the same process gets it twice only after it gave it back', () => {
  const lock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(DirectoryInUseError);
  lock.release();
  lock.release();
  lockDirectory(directory).release();
});

test('what an earlier process left behind does not matter', () => {
  writeFileSync(join(directory, 'lock'), JSON.stringify({ processId: process.ppid, life: 'a former one' }));
  lockDirectory(directory).release();
  writeFileSync(join(directory, 'lock'), 'x');
  lockDirectory(directory).release();
});
