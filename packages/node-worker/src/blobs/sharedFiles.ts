/** The blobs of a hub on this machine, which its local workers read where they are instead of keeping copies. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Sha256 } from '@potluck/protocol';

export interface SharedFiles {
  /** Where the blob would be; undefined where nothing is shared, or the blob was found damaged. */
  fileOf(sha256: Sha256): string | undefined;
  names(): Promise<Sha256[]>;
  /** Its bytes are not what its name says. */
  distrust(sha256: Sha256): void;
}

/** @param directory undefined: nothing is shared */
export function sharedFiles(directory: string | undefined): SharedFiles {
  const damaged = new Set<Sha256>();
  return {
    fileOf: (sha256) =>
      directory === undefined || damaged.has(sha256)
        ? undefined
        : join(directory, sha256.slice(0, 2), sha256),
    names: async () => {
      if (directory === undefined) return [];
      const entries = await readdir(directory, { recursive: true }).catch(() => []);
      const names = entries.flatMap((entry) => Sha256.safeParse(entry.slice(-64)).data ?? []);
      return names.filter((name) => !damaged.has(name));
    },
    distrust: (sha256) => void damaged.add(sha256),
  };
}
