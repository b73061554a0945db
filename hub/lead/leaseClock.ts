/** How long a hub may still believe that it leads. */

export interface Moment {
  /** Milliseconds that never jump; they may stand still while the machine sleeps. */
  steady: number;
  /** Unix milliseconds, which go on while the machine sleeps, and may jump. */
  wall: number;
}

export const momentNow = (): Moment => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds between two moments, by the clock that says more: a machine that slept has lost that time, too. */
export function elapsed(from: Moment, to: Moment): number {
  return Math.max(to.steady - from.steady, to.wall - from.wall);
}

/** Whether a lease that was confirmed at a moment still holds at another. */
export function holds(confirmed: Moment, now: Moment, leaseMs: number): boolean {
  return elapsed(confirmed, now) < leaseMs;
}
