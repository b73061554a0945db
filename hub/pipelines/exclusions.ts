/** Workers that failed an assignment sit out for a while, longer each time. */
import type { WorkerId } from '@potluck/protocol';

const firstBackoffMs = 2000;
const longestBackoffMs = 60_000;

interface Exclusion {
  until: number;
  failures: number;
  reason: string;
}

/** Times are milliseconds of any clock that only goes forward. */
export class Exclusions {
  readonly #entries = new Map<WorkerId, Exclusion>();

  /** Notes a failure. */
  add(workerId: WorkerId, reason: string, now: number): void {
    const failures = (this.#entries.get(workerId)?.failures ?? 0) + 1;
    const backoffMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1));
    this.#entries.set(workerId, { until: now + backoffMs, failures, reason });
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
  }
}
