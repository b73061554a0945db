/** Where workers of this machine and of one user find each other's sockets: nobody else can open anything there. */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerId } from '@potluck/protocol';

/** Systems take paths of sockets of 103 bytes at least. */
const longestPath = 100;

/**
 * @param temporary folder for files that do not last
 * @returns undefined where the system has no such sockets, or the folder is not this user's alone
 */
export async function socketsDirectory(temporary: string = tmpdir()): Promise<string | undefined> {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const directory = join(temporary, `potluck-${user}`);
  if (Buffer.byteLength(socketPath(directory, '' as WorkerId)) > longestPath) return undefined;
  await mkdir(directory, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(directory).catch(() => undefined);
  const isPrivate = found?.isDirectory() === true && found.uid === user && (found.mode & 0o077) === 0;
  return isPrivate ? directory : undefined;
}

/** Of one worker at one hub: the same machine may lend itself to several. */
export function socketPath(directory: string, worker: WorkerId): string {
  return join(directory, `${createHash('sha256').update(worker).digest('hex').slice(0, 16)}.sock`);
}
