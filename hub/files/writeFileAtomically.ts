/** Files that are either whole or not there, also after a crash or on a full disk. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectory } from './makeDirectory.ts';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StorageError } from './storageError.ts';
import { fullDiskError, isFullDisk } from './fullDisk.ts';

const temporaryEnding = '.temporary';

/** True for the name of a file that was not whole yet. */
export function isTemporary(fileName: string): boolean {
  return fileName.startsWith('.') && fileName.endsWith(temporaryEnding);
}

/**
 * Writes to a temporary file beside `file`, flushes it to the disk, and renames it.
 * @param mode permissions of a new file
 * @throws StorageError if the disk is full or the folder can't be written; nothing is left under `file`'s name
 */
export async function writeFileAtomically(
  file: string,
  contents: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const directory = path.dirname(file);
  const temporary = path.join(directory, `.${randomUUID()}${temporaryEnding}`);
  try {
    await makeDirectory(directory);
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await flushDirectory(directory);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(file, error);
  }
}

/** The rename itself must reach the disk; Windows cannot open folders and does not need it. */
async function flushDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function storageError(file: string, cause: unknown): StorageError {
  if (isFullDisk(cause)) return fullDiskError(cause);
  switch (systemCodeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StorageError(
        `${file} can't be written. Make its folder writable, or choose another with --data.`,
        {
          cause,
        },
      );
    default:
      return new StorageError(`${file} can't be written: ${messageOf(cause)}`, { cause });
  }
}
