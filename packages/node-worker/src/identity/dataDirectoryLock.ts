/** One process for one data directory: two would be one worker twice. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from '../errors.ts';

/** Who holds a directory. A process id alone may be another process's by now. */
interface Owner {
  processId: number;
  /** Which life of that id it is. */
  life: string;
}

/** @returns gives the directory back. @throws SettingsError if a living process has it */
export function lockDataDirectory(directory: string): () => void {
  const file = join(directory, 'lock');
  const self: Owner = { processId: process.pid, life: lifeOf(process.pid) };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(self), { flag: 'wx' });
      return () => {
        if (ownerOf(file)?.processId === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(file);
    if (owner && owner.processId !== process.pid && isAlive(owner)) {
      throw new SettingsError(
        `${directory} is used by the worker with process id ${owner.processId}: stop that one, or give this one --data DIR`,
      );
    }
    // Left behind by a process that ended without cleaning up.
    rmSync(file, { force: true });
  }
  throw new SettingsError(`another worker is starting in ${directory}: give this one --data DIR`);
}

function ownerOf(file: string): Owner | undefined {
  try {
    const { processId, life } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    const isWhole = Number.isSafeInteger(processId) && Number(processId) > 0 && typeof life === 'string';
    return isWhole ? { processId: Number(processId), life: String(life) } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ processId, life }: Owner): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return lifeOf(processId) === life;
}

/**
 * Tells one life of a process id from the next: on Linux by the machine's boot id and the process's start in clock
 * ticks since then (proc(5), field 22 of stat). Elsewhere the id alone must do.
 */
function lifeOf(processId: number): string {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // The second field, the name in parentheses, may hold spaces.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${bootId} ${started ?? ''}`;
  } catch {
    return '';
  }
}
