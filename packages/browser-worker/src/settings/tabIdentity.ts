/**
 * Which worker this tab is. A browser has as many identities as it had tabs at work at once; a tab holds its own by a
 * Web Lock, which also tells the browser that the tab should not be frozen.
 */
import { WorkerId } from '@potluck/protocol';
import { uuidv4 } from 'uuidv7';
import { z } from 'zod';
import { readJson } from './tabSettings.ts';

/** More tabs of one browser than this are not numbered apart. */
const mostTabs = 64;
/** How long a reloaded tab waits for its former self to let go. */
const takeOverMs = 2_000;
const slotKey = 'potluck.tab.slot';

/** What a tab does, as far as a reload goes on with it. */
const Doing = z.enum(['idle', 'contributing', 'paused']);

const Stored = z.object({ workerId: WorkerId, was: Doing.catch('idle') });

/** One tab's identity, held until the page goes or `release` is called. */
export interface TabIdentity {
  readonly workerId: WorkerId;
  /** 0 for the first tab; added to the name of others. */
  readonly slot: number;
  /** What it was doing when the page went; kept when it is set. */
  was: z.infer<typeof Doing>;
  release(): void;
}

export interface TabIdentityStorage {
  /** Outlives the tab. */
  local: Storage | undefined;
  /** Lasts as long as the tab, reloads included. */
  session: Storage | undefined;
  /** Undefined on plain http, where one identity is all there is. */
  locks: LockManager | undefined;
}

/** Takes the identity that this tab had before a reload, else the first that no other tab holds. */
export async function takeTabIdentity({ local, session, locks }: TabIdentityStorage): Promise<TabIdentity> {
  const before = Number(session?.getItem(slotKey) ?? Number.NaN);
  const slots = Array.from({ length: mostTabs }, (_, slot) => slot);
  if (slots.includes(before)) slots.unshift(...slots.splice(before, 1));
  for (const slot of slots) {
    const release = locks ? await hold(locks, slot, slot === before) : () => undefined;
    if (!release) continue;
    keep(session, slotKey, String(slot));
    return identity(local, slot, release);
  }
  return identity(undefined, 0, () => undefined);
}

function identity(local: Storage | undefined, slot: number, release: () => void): TabIdentity {
  const key = `potluck.tab.${slot}`;
  const known = Stored.safeParse(readJson(local?.getItem(key)));
  const stored = known.success ? known.data : { workerId: WorkerId.parse(uuidv4()), was: 'idle' as const };
  if (!known.success) keep(local, key, JSON.stringify(stored));
  return {
    workerId: stored.workerId,
    slot,
    get was() {
      return stored.was;
    },
    set was(was) {
      stored.was = was;
      keep(local, key, JSON.stringify(stored));
    },
    release,
  };
}

/** @returns what lets go of it, or undefined where another tab has it */
function hold(locks: LockManager, slot: number, wait: boolean): Promise<(() => void) | undefined> {
  const options: LockOptions = wait ? { signal: AbortSignal.timeout(takeOverMs) } : { ifAvailable: true };
  return new Promise((resolve) => {
    locks
      .request(`potluck.tab.${slot}`, options, (lock) => {
        if (!lock) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => resolve(release));
      })
      .catch(() => resolve(undefined));
  });
}

function keep(storage: Storage | undefined, key: string, value: string): void {
  try {
    storage?.setItem(key, value);
  } catch {
    // Full or forbidden: it lasts as long as the page.
  }
}
