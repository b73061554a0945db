import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes what was measured, and with what, as JSON. */
export async function writeResults(file: string, results: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
}
