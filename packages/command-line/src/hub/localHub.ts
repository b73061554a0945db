/**
 * The hub whose data directory is on this machine. It draws a key at each start and writes it there, with its ports: for
 * commands that the hub's own user runs. Only that user can read it. The key may do everything, whether or not a password is
 * set.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Name of the file in the hub's data directory. */
export const localKeyFileName = 'local-key.json';

/** What is in it, as JSON: the ports of the hub, that of plain http first, since the key is sent to no other; and the key. */
export const LocalKeyFile = z.object({ ports: z.array(z.number().int()), key: z.string() });
export type LocalKeyFile = z.infer<typeof LocalKeyFile>;

export interface LocalHub {
  url: string;
  /** The key, where a URL is that of this hub; undefined where it leads elsewhere. */
  keyAt(url: string): string | undefined;
}

/** @returns undefined where no hub runs with this data directory, or another user's */
export function readLocalHub(dataDirectory: string): LocalHub | undefined {
  try {
    const text = readFileSync(path.join(dataDirectory, localKeyFileName), 'utf8');
    const { ports, key } = LocalKeyFile.parse(JSON.parse(text));
    return { url: `http://localhost:${ports[0]}`, keyAt: (url) => (isAt(url, ports) ? key : undefined) };
  } catch {
    return undefined;
  }
}

function isAt(hubUrl: string, ports: readonly number[]): boolean {
  const url = URL.parse(hubUrl);
  if (!url || !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return false;
  return ports.includes(Number(url.port || (url.protocol === 'https:' ? 443 : 80)));
}
