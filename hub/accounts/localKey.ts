/** Writes the key for commands that the hub's own user runs on this machine. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { localKeyFileName, type LocalKeyFile } from '@potluck/command-line/local-key';
import { writeFileAtomically } from '../files/writeFileAtomically.ts';
import { drawSecret } from './secretHash.ts';

export interface LocalKey {
  secret: string;
  /** Ends with the hub. */
  remove(): Promise<void>;
}

/**
 * @param ports at which this hub listens, that of plain http first: the key is sent to no other
 * @throws StorageError if the file can't be written
 */
export async function writeLocalKey(dataDirectory: string, ports: readonly number[]): Promise<LocalKey> {
  const file = path.join(dataDirectory, localKeyFileName);
  const secret = drawSecret('local');
  const content: LocalKeyFile = { ports: [...ports], key: secret };
  await writeFileAtomically(file, `${JSON.stringify(content)}\n`, 0o600);
  return {
    secret,
    remove: async () => {
      // Another hub that serves from the same directory by now has written its own.
      const text = await readFile(file, 'utf8').catch(() => '');
      if (text.includes(secret)) await rm(file, { force: true });
    },
  };
}
