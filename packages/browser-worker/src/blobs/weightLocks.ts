/** What tabs of one browser, which share their storage, tell each other about blobs: by Web Locks, which end with their tab. */
import type { Sha256 } from '@potluck/protocol';

export interface WeightLocks {
  /** Resolves with what lets go, once no tab removes these blobs any more. */
  hold(names: readonly Sha256[]): Promise<() => void>;
  /** Acts unless a tab holds the blob. @returns false where one does, or nobody knows */
  unlessHeld(sha256: Sha256, act: () => Promise<void>): Promise<boolean>;
  /** Resolves with what lets go, once no other tab writes the blob. */
  write(sha256: Sha256): Promise<() => void>;
}

/**
 * @param locks undefined on plain http: a tab then knows nothing of others
 * @param database where the blobs are
 */
export function weightLocks(locks: LockManager | undefined, database: string): WeightLocks {
  const nameOf = (sha256: Sha256): string => `${database}/${sha256}`;

  /** Never rejects: where locks are refused, the tab goes on without. */
  function take(name: string, mode: LockMode): Promise<() => void> {
    return new Promise((resolve) => {
      if (!locks) return resolve(() => undefined);
      locks
        .request(name, { mode }, () => new Promise<void>((letGo) => resolve(letGo)))
        .catch(() => resolve(() => undefined));
    });
  }

  return {
    async hold(names) {
      const held = await Promise.all(names.map((sha256) => take(nameOf(sha256), 'shared')));
      return () => held.forEach((letGo) => letGo());
    },
    async unlessHeld(sha256, act) {
      if (!locks) return false;
      return locks.request(nameOf(sha256), { ifAvailable: true }, async (lock) => {
        if (lock) await act();
        return lock !== null;
      });
    },
    write: (sha256) => take(`${nameOf(sha256)}/arriving`, 'exclusive'),
  };
}
