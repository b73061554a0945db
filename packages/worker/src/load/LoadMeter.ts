/** How busy a worker is: the share of the time that it spends inside steps. */

/** Long enough to even out single steps, short enough to look alive. */
const intervalMs = 2_000;

export class LoadMeter {
  readonly #report: (busy: number) => void;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #computedMs = 0;
  #reported = 0;
  #isStopped = false;

  /** @param report told the share, from 0 to 1, while there is work and once when there is none */
  constructor(report: (busy: number) => void, now: () => number = () => performance.now()) {
    this.#report = report;
    this.#now = now;
  }

  /** A step has ended that took this long. */
  add(computeMs: number): void {
    this.#computedMs += computeMs;
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#since = this.#now() - computeMs;
    this.#wait();
  }

  /** What was told is forgotten by whom it was told to. */
  reset(): void {
    this.#reported = 0;
  }

  /** Nothing is told after it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#measure(), intervalMs);
  }

  #measure(): void {
    const now = this.#now();
    // What a long step took may have begun before.
    const busy = Math.min(1, this.#computedMs / Math.max(1, now - this.#since));
    const shown = Math.round(busy * 100) / 100;
    if (shown !== this.#reported) this.#report(shown);
    this.#reported = shown;
    this.#timer = undefined;
    if (this.#computedMs === 0) return;
    this.#computedMs = 0;
    this.#since = now;
    this.#wait();
  }
}
