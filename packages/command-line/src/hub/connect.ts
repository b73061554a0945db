/** The hub that a command means, and the key with which it asks. */
import type { Command } from 'commander';
import { fingerprintFlag } from '../fingerprintFlag.ts';
import { flag } from '../flag.ts';
import { hubOf } from '../hubOf.ts';
import { secretFlag } from '../secretFiles.ts';
import { SettingsError } from '../settingsError.ts';
import { HubClient } from './hubClient.ts';
import { readLocalHub } from './localHub.ts';

export interface HubOptions {
  /** Default: the hub that keeps its data in `data`. */
  hub?: string;
  key?: string;
  /** Default: `.potluck`. */
  data?: string;
  fingerprint?: string;
}

/** Adds the flags that `connect` reads. */
export function withHubFlags(command: Command): Command {
  return command
    .addOption(
      flag('--hub <url>', 'the hub (default: the one that runs with --data, else http://localhost:8000)'),
    )
    .addOption(fingerprintFlag())
    .addOption(
      secretFlag(
        '--key <key>',
        'API key that may administer (default: the one in --data, on the hub’s machine)',
      ),
    )
    .addOption(flag('--data <directory>', 'data directory of a hub on this machine (default: .potluck)'));
}

/**
 * A key that was given is used; without one, that which a hub of this user on this machine wrote.
 * @throws SettingsError if the hub's URL or its fingerprint can't be used, or no hub runs with the directory that was named
 */
export function connect({ hub, key, data, fingerprint: given }: HubOptions): HubClient {
  const local = readLocalHub(data ?? '.potluck');
  if (data !== undefined && !local && hub === undefined) {
    throw new SettingsError(
      `no hub of yours runs with the data directory "${data}". Start one with it, or name the hub with --hub`,
    );
  }
  const { hubUrl, fingerprint } = hubOf({
    hub: hub ?? local?.url ?? 'http://localhost:8000',
    ...(given === undefined ? {} : { fingerprint: given }),
  });
  return new HubClient({ hub: hubUrl, key: key ?? local?.keyAt(hubUrl), fingerprint });
}
