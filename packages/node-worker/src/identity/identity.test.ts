import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDirectory } from './dataDirectoryLock.ts';
import { workerIdentity } from './workerIdentity.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'potluck-identity-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a data directory', () => {
  it('gives the same worker id at every start', () => {
    expect(workerIdentity(directory)).toBe(workerIdentity(directory));
  });

  it('with a spoilt worker id says which file to delete', () => {
    writeFileSync(join(directory, 'worker-id'), 'me');
    expect(() => workerIdentity(directory)).toThrow(/worker-id holds no worker id: delete it/);
  });

  it('that a living process has is refused with its id', async () => {
    const lock = new URL('./dataDirectoryLock.ts', import.meta.url).href;
    const script = `(await import('${lock}')).lockDataDirectory(process.argv[1]); console.log('locked'); setInterval(() => {}, 1e6)`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script, directory]);
    await once(other.stdout, 'data');
    expect(() => lockDataDirectory(directory)).toThrow(`process id ${other.pid}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    lockDataDirectory(directory)();
  });

  it('that a process had whose id is another one’s by now is taken over, and given back', () => {
    const owner = { processId: process.ppid, life: 'another' };
    writeFileSync(join(directory, 'lock'), JSON.stringify(owner));
    const unlock = lockDataDirectory(directory);
    unlock();
    lockDataDirectory(directory)();
  });

  it('with a lock that can’t be read is taken over', () => {
    writeFileSync(join(directory, 'lock'), 'x');
    lockDataDirectory(directory)();
  });
});
