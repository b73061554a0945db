/** One process for one data directory: two would be one worker twice. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from '../errors.ts';

/** @returns gives the directory back. @throws SettingsError if a living process has it */
export function lockDataDirectory(directory: string): () => void {
  const file = join(directory, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        if (ownerOf(file) === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(file);
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
      throw new SettingsError(
        `${directory} is used by the worker with process id ${owner}: stop that one, or give this one --data DIR`,
      );
    }
    // Left behind by a process that ended without cleaning up.
    rmSync(file, { force: true });
  }
  throw new SettingsError(`another worker is starting in ${directory}: give this one --data DIR`);
}

function ownerOf(file: string): number | undefined {
  try {
    const processId = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(processId) && processId > 0 ? processId : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
