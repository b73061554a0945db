/**
 * A key for commands that the hub's own user runs on this machine: the hub draws one at each start and writes it into its
 * data directory, where only that user can read it. It may do everything, whether or not a password is set.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../files/writeFileAtomically.ts';
import { drawSecret } from './secretHash.ts';

const fileName = 'local-key.json';
const LocalKeyFile = z.object({ ports: z.array(z.number().int()), key: z.string() });

export interface LocalKey {
  secret: string;
  /** Ends with the hub. */
  remove(): Promise<void>;
}

/**
 * @param ports at which this hub listens: the key is sent to no other
 * @throws StorageError if the file can't be written
 */
export async function writeLocalKey(dataDirectory: string, ports: readonly number[]): Promise<LocalKey> {
  const file = path.join(dataDirectory, fileName);
  const secret = drawSecret('local');
  await writeFileAtomically(file, `${JSON.stringify({ ports, key: secret })}\n`, 0o600);
  return { secret, remove: () => rm(file, { force: true }) };
}

/** The key for the hub at this URL; undefined where the hub is on another machine, or keeps its data elsewhere. */
export function readLocalKey(dataDirectory: string, hubUrl: string): string | undefined {
  const url = URL.parse(hubUrl);
  if (!url || !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return undefined;
  try {
    const { ports, key } = LocalKeyFile.parse(
      JSON.parse(readFileSync(path.join(dataDirectory, fileName), 'utf8')),
    );
    return ports.includes(Number(url.port || (url.protocol === 'https:' ? 443 : 80))) ? key : undefined;
  } catch {
    return undefined;
  }
}
