import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '../errors/systemCodeOf.ts';

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a folder that exists takes no children,
 * as in /proc (seen with 24.21).
 * @throws the system's error
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
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
    await makeDirectory(directory);
  }
}
