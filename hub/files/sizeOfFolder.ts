import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';

/** A folder with more than this is told as at least what was counted. */
const mostEntries = 100_000;

/** Bytes of a file, or of all files below a folder; 0 where there is none. Links are not followed. */
export async function sizeOfFolder(start: string): Promise<number> {
  const folders = [start];
  let bytes = 0;
  for (let entries = 0, folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      const about = await lstat(folder);
      if (!about.isDirectory()) {
        bytes += about.size;
        continue;
      }
      for await (const entry of await opendir(folder)) {
        if (++entries > mostEntries) return bytes;
        const file = path.join(folder, entry.name);
        if (entry.isDirectory()) folders.push(file);
        else if (entry.isFile()) bytes += (await lstat(file)).size;
      }
    } catch {
      // It went meanwhile, or may not be read: the rest still counts.
    }
  }
  return bytes;
}
