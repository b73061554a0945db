/**
 * A key for commands that the hub's own user runs on this machine: the hub draws one at each start and writes it into its
 * data directory, where only that user can read it. It may do everything, whether or not a password is set.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Name of the file in the hub's data directory. */
export const localKeyFileName = 'local-key.json';

/** What is in it, as JSON: the ports of the hub, since the key is sent to no other, and the key. */
export const LocalKeyFile = z.object({ ports: z.array(z.number().int()), key: z.string() });
export type LocalKeyFile = z.infer<typeof LocalKeyFile>;

/** The key for the hub at this URL; undefined where the hub is on another machine, or keeps its data elsewhere. */
export function readLocalKey(dataDirectory: string, hubUrl: string): string | undefined {
  const url = URL.parse(hubUrl);
  if (!url || !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return undefined;
  try {
    const text = readFileSync(path.join(dataDirectory, localKeyFileName), 'utf8');
    const { ports, key } = LocalKeyFile.parse(JSON.parse(text));
    return ports.includes(Number(url.port || (url.protocol === 'https:' ? 443 : 80))) ? key : undefined;
  } catch {
    return undefined;
  }
}
