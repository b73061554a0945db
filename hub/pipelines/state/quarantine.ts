/** Workers that failed an assignment sit out for a while, longer each time. A value for each pipeline. */
import type { WorkerId } from '@potluck/protocol';

const firstBackoffMs = 2000;
const longestBackoffMs = 60_000;

/** Failures in a row with the same reason after which a worker is not tried any more. */
const hopelessFailures = 5;

/** ONNX Runtime's words for an operator or a type that a device has no code for. */
function isUnsupported(reason: string): boolean {
  return /could not find an implementation|not[ _]implemented|not a registered (function|operator)|unsupported|not supported/i.test(
    reason,
  );
}

/** What another time may be different. */
function isPassing(reason: string): boolean {
  return /memory|alloc|disk|storage|fetch|download|network|timed? ?out|progress|lost/i.test(reason);
}

/** One worker's failures. */
interface Entry {
  until: number;
  failures: number;
  /** How often in a row it failed with this reason. */
  sameFailures: number;
  reason: string;
}

/** Times are those of a `Clock`. */
export interface Quarantine {
  readonly workers: ReadonlyMap<WorkerId, Entry>;
  /** Kinds of devices that have no code for something in the model, with what they said. */
  readonly unableKinds: ReadonlyMap<string, string>;
  /** Workers that failed again and again in the same way, with what they said. */
  readonly hopeless: ReadonlyMap<WorkerId, string>;
}

export const noQuarantine: Quarantine = { workers: new Map(), unableKinds: new Map(), hopeless: new Map() };

/**
 * Notes a failure.
 * @param failure.deviceKind of the worker, where its runtime failed to load the stage: what can't is not tried for ever
 */
export function quarantined(
  quarantine: Quarantine,
  workerId: WorkerId,
  { reason, at, deviceKind }: { reason: string; at: number; deviceKind?: string | undefined },
): Quarantine {
  const before = quarantine.workers.get(workerId);
  const failures = (before?.failures ?? 0) + 1;
  const sameFailures = before?.reason === reason ? before.sameFailures + 1 : 1;
  const until = at + Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1));
  const next = {
    ...quarantine,
    workers: new Map(quarantine.workers).set(workerId, { until, failures, sameFailures, reason }),
  };
  if (deviceKind === undefined || isPassing(reason)) return next;
  if (isUnsupported(reason)) {
    return { ...next, unableKinds: new Map(quarantine.unableKinds).set(deviceKind, reason) };
  }
  if (sameFailures < hopelessFailures) return next;
  return { ...next, hopeless: new Map(quarantine.hopeless).set(workerId, reason) };
}

/** A worker that served, or started anew, has a clean slate. @returns the same value where it had one before */
export function pardoned(quarantine: Quarantine, workerIds: readonly WorkerId[]): Quarantine {
  if (!workerIds.some((id) => quarantine.workers.has(id) || quarantine.hopeless.has(id))) return quarantine;
  const without = <T>(map: ReadonlyMap<WorkerId, T>): ReadonlyMap<WorkerId, T> =>
    new Map([...map].filter(([id]) => !workerIds.includes(id)));
  return {
    ...quarantine,
    workers: without(quarantine.workers),
    hopeless: without(quarantine.hopeless),
  };
}

/** Why trying a worker again is in vain; undefined where it is not. */
export function unableBecause(
  { unableKinds, hopeless }: Quarantine,
  workerId: WorkerId,
  deviceKind: string,
): string | undefined {
  return unableKinds.get(deviceKind) ?? hopeless.get(workerId);
}

/** Why a worker sits out; undefined where it does not. */
export function sitsOutBecause({ workers }: Quarantine, workerId: WorkerId, now: number): string | undefined {
  const entry = workers.get(workerId);
  return entry && entry.until > now ? entry.reason : undefined;
}

/** When the next worker may try again; undefined where none sits out. */
export function nextPardon({ workers }: Quarantine, now: number): number | undefined {
  let next: number | undefined;
  for (const { until } of workers.values()) {
    if (until > now && (next === undefined || until < next)) next = until;
  }
  return next;
}

/** The same quarantine on a clock that jumped: nobody sits out for longer or shorter because of that. */
export function shiftedQuarantine(quarantine: Quarantine, byMs: number): Quarantine {
  const workers = [...quarantine.workers].map(
    ([id, entry]) => [id, { ...entry, until: entry.until + byMs }] as const,
  );
  return workers.length === 0 ? quarantine : { ...quarantine, workers: new Map(workers) };
}
