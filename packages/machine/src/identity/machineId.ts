/** Which machine this is. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

export interface MachineSigns {
  /** Of Linux, drawn at each start of its kernel; containers of one machine share it. */
  bootId: string | undefined;
  hostname: string;
  /** Hardware addresses of its network. */
  macs: readonly string[];
}

/** @returns a name that programs of this machine share and that says nothing of it */
export function machineId(signs: MachineSigns = ownSigns()): string {
  const { bootId, hostname: host, macs } = signs;
  const known = bootId ?? [host, ...new Set(macs)].toSorted().join(' ');
  return createHash('sha256').update(`potluck machine ${known}`).digest('hex').slice(0, 32);
}

function ownSigns(): MachineSigns {
  const macs = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal }) => !internal).map(({ mac }) => mac),
  );
  return { bootId: readBootId(), hostname: hostname(), macs };
}

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
