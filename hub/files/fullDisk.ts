/** A full disk, as whatever writes to it says so. */
import { hasCode } from '../errors/hasCode.ts';
import { StorageError } from './storageError.ts';

/** Of the file system, its quotas, and SQLite. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** True where an error, or what caused it, says that the disk takes no more. */
export function isFullDisk(error: unknown): boolean {
  return hasCode(error, (code) => fullCodes.has(code));
}

/** What people are told of it. */
export function fullDiskError(cause: unknown): StorageError {
  return new StorageError(
    "The hub's disk is full. Free some space, or move the hub's data to a larger disk (--data).",
    { cause },
  );
}
