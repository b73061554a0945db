/** One process for one data directory. The lock is the system's: it ends with the process that holds it, however that ends. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Thrown where a living process has the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
  readonly directory: string;
  /** Undefined where the other process has not written its id yet. */
  readonly processId: number | undefined;

  constructor(directory: string, processId: number | undefined) {
    super(`${directory} is in use by process ${processId ?? '(unknown)'}`);
    this.directory = directory;
    this.processId = processId;
  }
}

export interface DirectoryLock {
  /** Gives the directory back. */
  release(): void;
}

/**
 * SQLite locks this file as it locks a database; nothing is ever written into it. Nobody else may open it: on Linux the
 * first close of any descriptor of a file ends its process's locks on that file.
 */
const lockFileName = 'lock.sqlite';
/** Says to people which process has the directory. */
const ownerFileName = 'lock';
/** What a lock leaves in its directory; of no use elsewhere. */
export const lockFileNames = [lockFileName, ownerFileName] as const;
/** SQLite's result code for a lock that another has. */
const busy = 5;

/**
 * Locks a directory that exists.
 * @throws DirectoryInUseError if a living process has it, the system's or SQLite's error if it can't be locked
 */
export function lockDirectory(directory: string): DirectoryLock {
  const ownerFile = join(directory, ownerFileName);
  const database = new DatabaseSync(join(directory, lockFileName));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    throw new DirectoryInUseError(directory, ownerIn(ownerFile));
  }
  try {
    writeFileSync(ownerFile, `${JSON.stringify({ processId: process.pid })}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    release: () => {
      if (!database.isOpen) return;
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

function ownerIn(file: string): number | undefined {
  try {
    const { processId } = JSON.parse(readFileSync(file, 'utf8')) as { processId?: unknown };
    return Number.isSafeInteger(processId) ? Number(processId) : undefined;
  } catch {
    return undefined;
  }
}
