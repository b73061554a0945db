/** The hub that a waiting worker serves, kept in its data directory for the next start. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubId } from '@potluck/protocol';
import { z } from 'zod';

const KeptHub = z.object({
  hubId: HubId,
  hubUrl: z.url(),
  token: z.string().min(1),
  fingerprint: z.string().optional(),
});
/** A hub, and what opens it. */
export type KeptHub = z.infer<typeof KeptHub>;

const fileOf = (directory: string): string => join(directory, 'hub.json');

/** @returns undefined where none is kept; a spoilt file counts as none, since the hub can call again */
export function readKeptHub(directory: string): KeptHub | undefined {
  try {
    return KeptHub.parse(JSON.parse(readFileSync(fileOf(directory), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Readable by the owner only: it holds the join token. */
export function keepHub(directory: string, hub: KeptHub): void {
  const file = fileOf(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(hub, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function forgetHub(directory: string): void {
  rmSync(fileOf(directory), { force: true });
}
