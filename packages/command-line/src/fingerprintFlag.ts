import type { Option } from 'commander';
import { flag } from './flag.ts';
import { readFingerprint } from './hubOf.ts';

/** `--fingerprint`, of every command that goes to a hub. */
export const fingerprintFlag = (): Option =>
  flag('--fingerprint <sha256>', "fingerprint of the hub's own certificate, as it prints it").argParser(
    readFingerprint,
  );
