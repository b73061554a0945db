/** Workers that failed an assignment sit out for a while, longer each time. */
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

interface Exclusion {
  until: number;
  failures: number;
  /** How often in a row it failed with this reason. */
  sameFailures: number;
  reason: string;
}

/** Times are milliseconds of any clock that only goes forward. */
export class Exclusions {
  readonly #entries = new Map<WorkerId, Exclusion>();
  /** Kinds of devices that have no code for something in the model, with what they said. */
  readonly #unableKinds = new Map<string, string>();
  /** Workers that failed again and again in the same way. */
  readonly #hopeless = new Map<WorkerId, string>();

  /**
   * Notes a failure.
   * @param deviceKind of the worker, where its runtime failed to load the stage: what can't is not tried for ever
   */
  add(workerId: WorkerId, reason: string, now: number, deviceKind?: string): void {
    const before = this.#entries.get(workerId);
    const failures = (before?.failures ?? 0) + 1;
    const sameFailures = before?.reason === reason ? before.sameFailures + 1 : 1;
    const backoffMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1));
    this.#entries.set(workerId, { until: now + backoffMs, failures, sameFailures, reason });
    if (deviceKind === undefined || isPassing(reason)) return;
    if (isUnsupported(reason)) this.#unableKinds.set(deviceKind, reason);
    else if (sameFailures >= hopelessFailures) this.#hopeless.set(workerId, reason);
  }

  /** Why trying a worker again is in vain; undefined where it is not. */
  unableBecause(workerId: WorkerId, deviceKind: string): string | undefined {
    return this.#unableKinds.get(deviceKind) ?? this.#hopeless.get(workerId);
  }

  /** Lets all try again that seemed unable. */
  forgetUnable(): void {
    this.#unableKinds.clear();
    this.#hopeless.clear();
    this.#entries.clear();
  }

  /** Why a worker sits out, or undefined if it does not. */
  reasonFor(workerId: WorkerId, now: number): string | undefined {
    const entry = this.#entries.get(workerId);
    return entry && entry.until > now ? entry.reason : undefined;
  }

  /** Milliseconds until the next worker may try again, or undefined if none sits out. */
  nextEndIn(now: number): number | undefined {
    const ends = [...this.#entries.values()].map(({ until }) => until - now).filter((left) => left > 0);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** A worker that served, or started anew, has a clean slate. */
  forget(workerId: WorkerId): void {
    this.#entries.delete(workerId);
    this.#hopeless.delete(workerId);
  }
}
