/** What is kept of an import, so that it goes on after a restart. */
import { randomUUID } from 'node:crypto';
import { Import, type NewImport } from '@potluck/api';
import { z } from 'zod';

const RepositoryFile = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().nullable(),
  gitSha1: z.string().nullable(),
});

export const ImportRecord = z.object({
  view: Import,
  /** Of a repository: where it is, and what is to be fetched once that is known. */
  remote: z
    .object({
      endpoint: z.string(),
      repository: z.string(),
      revision: z.string().nullable(),
      license: z.string().nullable(),
      /** The graph that was chosen; null until the repository was looked at. */
      variant: z.string().nullable(),
      files: z.array(RepositoryFile).nullable(),
    })
    .nullable(),
});
export type ImportRecord = z.infer<typeof ImportRecord>;

/**
 * An import that was just asked for.
 * @param source repository, directory, or the upload's name
 */
export function newImportView({ kind, variant, deploy }: NewImport, source: string): Import {
  const now = Date.now();
  return {
    id: randomUUID(),
    kind,
    source,
    variant: variant ?? null,
    state: 'waiting',
    doneBytes: 0,
    totalBytes: null,
    bytesPerSecond: null,
    model: null,
    error: null,
    waiting: null,
    resumable: false,
    deploy: deploy ?? false,
    files: [],
    createdAt: now,
    updatedAt: now,
  };
}
