/** The worker's lasting id, kept in its data directory. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkerId } from '@potluck/protocol';
import { SettingsError } from '@potluck/command-line';

/** Reads the id, or makes one. @throws SettingsError if the file holds something else */
export function workerIdentity(directory: string): WorkerId {
  const file = join(directory, 'worker-id');
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (text !== undefined) {
    const id = WorkerId.safeParse(text);
    if (id.success) return id.data;
    throw new SettingsError(`${file} holds no worker id: delete it, and the worker gets a new identity`);
  }
  const id = WorkerId.parse(randomUUID());
  writeFileSync(`${file}.new`, `${id}\n`);
  renameSync(`${file}.new`, file);
  return id;
}
