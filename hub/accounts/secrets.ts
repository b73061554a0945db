/** What the hub makes for itself at its first start and keeps: its id and its secrets. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HubId } from '@potluck/protocol';
import { z } from 'zod';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import { StartError } from '../errors/startError.ts';
import { writeFileAtomically } from '../files/writeFileAtomically.ts';

const HubIdentity = z.object({
  hubId: HubId,
  /** Workers show it to join. */
  joinToken: z.string().min(8),
  /** Programs on other machines show it to /v1 and /api. */
  apiKey: z.string().min(8),
});
export type HubIdentity = z.infer<typeof HubIdentity>;

/** File of the data directory that holds the identity; readable by its owner only. */
export const identityFileName = 'secrets.json';

/**
 * Reads the hub's identity, or makes it at the first start.
 * @throws StartError if the file is damaged, StorageError if it can't be written
 */
export async function loadIdentity(dataDirectory: string): Promise<HubIdentity> {
  const file = path.join(dataDirectory, identityFileName);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw new StartError(`${file} can't be read. Make it readable, or choose another folder with --data.`, {
      cause: error,
    });
  });
  if (text === undefined) {
    const identity: HubIdentity = {
      hubId: HubId.parse(randomUUID()),
      joinToken: drawOwnToken(),
      apiKey: `sk-potluck-${randomBytes(24).toString('base64url')}`,
    };
    await writeIdentity(file, identity);
    return identity;
  }
  try {
    return HubIdentity.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartError(
      `${file} is damaged. Put a copy back, or delete it: the hub makes new secrets then.`,
      {
        cause,
      },
    );
  }
}

/**
 * Keeps another join token in the file, which must be there.
 * @throws StartError if the file is damaged, StorageError if it can't be written
 */
export async function keepJoinToken(dataDirectory: string, joinToken: string): Promise<void> {
  const identity = { ...(await loadIdentity(dataDirectory)), joinToken };
  await writeIdentity(path.join(dataDirectory, identityFileName), identity);
}

const writeIdentity = (file: string, identity: HubIdentity): Promise<void> =>
  writeFileAtomically(file, `${JSON.stringify(identity, undefined, 2)}\n`, 0o600);

/** Draws a join token for the hub itself. */
export const drawOwnToken = (): string => randomBytes(18).toString('base64url');

/** Compares secrets in a time that tells nothing about them. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
