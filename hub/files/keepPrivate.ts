/** Folders whose contents only their owner may read. */
import { chmod, readdir, stat } from 'node:fs/promises';

const othersRights = 0o077;

/**
 * Takes other users' rights to a folder away, where the folder is `own`'s or empty: one that holds other things is somebody
 * else's to decide about.
 * @param own name of a file by which a folder of the hub is known
 * @returns what was found: nobody else had rights, they were taken away, or they are still there
 */
export async function keepPrivate(directory: string, own: string): Promise<'private' | 'corrected' | 'open'> {
  if (process.platform === 'win32') return 'private';
  const { mode } = await stat(directory);
  if ((mode & othersRights) === 0) return 'private';
  const names = await readdir(directory);
  if (names.length > 0 && !names.includes(own)) return 'open';
  try {
    await chmod(directory, mode & 0o777 & ~othersRights);
    return 'corrected';
  } catch {
    return 'open';
  }
}
