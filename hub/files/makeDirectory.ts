import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '../errors/systemCodeOf.ts';

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a folder that exists takes no children,
 * as in /proc (seen with 24.21).
 * @param mode permissions of the folder itself where it is new; those above it are made as the system makes them
 * @throws the system's error
 */
export async function makeDirectory(directory: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(directory, { mode });
  } catch (error) {
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory()) return;
    const parent = path.dirname(directory);
    const parentExists = await stat(parent).then(
      () => true,
      () => false,
    );
    if (systemCodeOf(error) !== 'ENOENT' || parentExists || parent === directory) throw error;
    await makeDirectory(parent);
    await makeDirectory(directory, mode);
  }
}
