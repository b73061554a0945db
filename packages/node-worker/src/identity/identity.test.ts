import { spawnSync } from 'node:child_process';
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

  it('that a living process has is refused with its id', () => {
    writeFileSync(join(directory, 'lock'), String(process.ppid));
    expect(() => lockDataDirectory(directory)).toThrow(`process id ${process.ppid}`);
  });

  it('that a dead process has left is taken over, and given back', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(directory, 'lock'), String(pid));
    const unlock = lockDataDirectory(directory);
    unlock();
    lockDataDirectory(directory)();
  });
});
