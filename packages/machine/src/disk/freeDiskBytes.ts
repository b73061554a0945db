import { statfs } from 'node:fs/promises';

/**
 * What this user may still write to the disk that a directory is on, in bytes.
 * @throws the system's error where it does not tell, or there is no such directory
 */
export async function freeDiskBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
