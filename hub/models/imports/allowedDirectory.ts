/** Which directories models may be imported from. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { isInside } from '../../files/isInside.ts';
import { ImportError } from './importError.ts';

/**
 * @param allowed folders below which everything may be imported; empty: any
 * @returns the directory with all links resolved
 * @throws ImportError if there is no such directory, or it lies elsewhere
 */
export async function allowedDirectory(directory: string, allowed: readonly string[]): Promise<string> {
  const found = await realpath(path.resolve(directory)).catch(() => undefined);
  const roots = await Promise.all(allowed.map((root) => realpath(path.resolve(root)).catch(() => undefined)));
  const isAllowed = roots.some((root) => root !== undefined && found !== undefined && isInside(found, root));
  // Who may not look there must not learn what is there either.
  if (allowed.length > 0 && !isAllowed) {
    throw new ImportError(
      'not_allowed',
      `Models may be added from ${allowed.join(', ')} only (the hub's --model-directory).`,
      'path',
    );
  }
  if (found === undefined)
    throw new ImportError('bad_upload', `There is no directory ${directory} on the hub.`, 'path');
  return found;
}
