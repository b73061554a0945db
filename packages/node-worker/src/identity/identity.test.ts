import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from '@potluck/machine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SettingsError } from '@potluck/command-line';
import { runInDataDirectory } from './runInDataDirectory.ts';
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

  it('that another process has is refused with its id, and is free when that one has ended', async () => {
    const lock = lockDirectory(directory);
    const refused = runInDataDirectory(directory, () => Promise.reject(new Error('it ran')));
    await expect(refused).rejects.toThrow(SettingsError);
    await expect(refused).rejects.toThrow(`process id ${process.pid}: stop that one`);
    lock.release();
    for (let start = 0; start < 2; start++) await runInDataDirectory(directory, () => Promise.resolve());
  });

  it('that can not be used is an error that names it', async () => {
    const file = join(directory, 'worker-id');
    writeFileSync(file, '');
    await expect(runInDataDirectory(file, () => Promise.resolve())).rejects.toThrow(
      `can't use ${file} for data`,
    );
  });
});
