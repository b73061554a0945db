/**
 * Where links inside a model's directory may lead. Its files may come from anybody, and what they name is read with the
 * hub's rights and handed to workers, so `LICENSE -> /etc/shadow` must not be followed. Two layouts need links, though:
 * caches of the Hugging Face Hub (`snapshots/<revision>/file -> ../../blobs/<hash>`), and large weights on another disk.
 */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isInside } from '../files/isInside.ts';
import { ModelError } from './modelError.ts';

export interface LinkRule {
  /** The model's directory. */
  directory: string;
  /** Folders below which everything may be read; empty: any. */
  allowed: readonly string[];
}

/** Small files are kept as they are; a graph and its weights must be understood before anything of them is kept. */
export type FileRole = 'small' | 'graph';

const snapshotOfCache = /^(.*[\\/]models--[^\\/]+)[\\/]snapshots[\\/][^\\/]+$/;

/**
 * Files may lie in the directory, and in the same repository's part of a Hugging Face cache. Graphs and weights may also
 * lie elsewhere under the same file name, where models may be imported from.
 * @param file a path in the directory
 * @returns its size in bytes; undefined where there is no such file
 * @throws ModelError if it is no file, or a link that leads elsewhere
 */
export async function checkLink(
  { directory, allowed }: LinkRule,
  file: string,
  role: FileRole,
): Promise<number | undefined> {
  const target = await realpath(file).catch(() => undefined);
  if (target === undefined) return undefined;
  const own = await realpath(directory);
  const repository = snapshotOfCache.exec(own)?.[1];
  const isOwn = isInside(target, own) || (repository !== undefined && isInside(target, repository));
  const hasSameName = path.basename(target) === path.basename(file);
  if (!isOwn && !(role === 'graph' && hasSameName)) throw leadsOut(file, target);
  const roots = await Promise.all(allowed.map((root) => realpath(root).catch(() => undefined)));
  const isAllowed = roots.some((root) => root !== undefined && isInside(target, root));
  if (allowed.length > 0 && !isInside(target, own) && !isAllowed) throw leadsOut(file, target);
  const found = await stat(target);
  if (!found.isFile()) throw new ModelError(`${file} is no file.`);
  return found.size;
}

function leadsOut(file: string, target: string): ModelError {
  return new ModelError(
    `${file} is a link to ${target}, outside of the model's directory. Put a copy of the file in its place.`,
  );
}
