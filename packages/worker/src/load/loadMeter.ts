/** How busy a worker is, and what it uses. */
import type { WorkerLoad } from '@potluck/protocol';

/** Long enough to even out single steps, short enough to look alive. */
const intervalMs = 2_000;
const diskEveryMs = 30_000;

export type Load = Omit<WorkerLoad, 'type'>;

export interface LoadMeterComponents {
  /** What the stages use now. */
  used: () => Promise<Load['usedBytes']>;
  /** Resident memory of the process, in bytes; undefined where the host can't know it. */
  processBytes: (() => number) | undefined;
  /** What the weights take on disk, and what is free there; undefined where the host can't know it. */
  disk?: (() => Promise<Load['disk']>) | undefined;
  /** Told while there is work, when what is used has changed, and once when there is no work. */
  report: (load: Load) => void;
  /** In milliseconds. Default: performance.now. */
  now?: () => number;
}

export class LoadMeter {
  readonly #components: LoadMeterComponents;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #computedMs = 0;
  /** What the last report said, without what the process takes. */
  #reported = '';
  #isStopped = false;
  #disk: { at: number; use: Load['disk'] } | undefined;

  constructor(components: LoadMeterComponents) {
    this.#components = components;
    this.#now = components.now ?? (() => performance.now());
  }

  /** A step has ended that took this long. */
  add(computeMs: number): void {
    this.#measureSoon(computeMs);
    this.#computedMs += computeMs;
  }

  /** What the stages use may have changed. */
  changed(): void {
    this.#measureSoon(0);
  }

  /** Reports now: whom it reports to has forgotten what was reported. */
  async restart(): Promise<void> {
    this.#reported = '';
    await this.#report(0);
  }

  /** Nothing is reported after it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @param computedMs how much of the time before counts, too */
  #measureSoon(computedMs: number): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#since = this.#now() - computedMs;
    this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#measure(), intervalMs);
  }

  async #measure(): Promise<void> {
    const now = this.#now();
    // What a long step took may have begun before.
    const busy = Math.min(1, this.#computedMs / Math.max(1, now - this.#since));
    const rests = this.#computedMs === 0;
    this.#timer = undefined;
    this.#computedMs = 0;
    this.#since = now;
    if (!rests) this.#wait();
    await this.#report(Math.round(busy * 100) / 100);
  }

  /** Looked at seldom while there is work, and always when there is none. */
  async #diskUse(busy: number): Promise<Load['disk']> {
    const now = this.#now();
    if (busy === 0 || !this.#disk || now - this.#disk.at > diskEveryMs) {
      const use = await this.#components.disk?.().catch(() => undefined);
      this.#disk = { at: now, use };
    }
    return this.#disk.use;
  }

  /** Says nothing where nothing but the process' memory, which never stands still, has changed. */
  async #report(busy: number): Promise<void> {
    const usedBytes = await this.#components.used();
    if (this.#isStopped) return;
    const said = JSON.stringify({ busy, usedBytes });
    if (said === this.#reported) return;
    this.#reported = said;
    const processBytes = this.#components.processBytes?.();
    const disk = await this.#diskUse(busy);
    if (this.#isStopped) return;
    this.#components.report({
      ...{ busy, usedBytes },
      ...(processBytes !== undefined && { processBytes }),
      ...(disk && { disk }),
    });
  }
}
