/** Sends frames slice by slice, as fast as the way out takes them; knows how much waits. */
import type { FrameNumbering } from './frameNumbering.ts';
import type { SentFrame } from './frameJournal.ts';
import { SliceQueue } from './sliceQueue.ts';

/** Queued bytes below which a prompt's next chunk is computed. */
const fewQueuedBytes = 4 * 1024 * 1024;

/** Where slices leave. */
export interface WayOut {
  /** As a transport's; never throws. */
  send(slice: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  /** True where a better way waits for the frames that have begun: no other frame begins here. */
  onlyBegun: boolean;
}

export interface FrameSenderInit {
  numbering: FrameNumbering;
  /**
   * Asked before each slice; undefined where nothing may be sent now (then call `pump` when it may again).
   * @param isBetweenFrames no frame is half sent
   */
  wayOut(isBetweenFrames: boolean): WayOut | undefined;
}

export class FrameSender {
  readonly #init: FrameSenderInit;
  readonly #queue = new SliceQueue();
  #pumping = false;
  #drainWaiters: (() => void)[] = [];

  constructor(init: FrameSenderInit) {
    this.#init = init;
  }

  /** True where nothing waits. */
  get isEmpty(): boolean {
    return this.#queue.queuedBytes === 0;
  }

  /** Sends a frame after those of its session; in this turn of the event loop if the way out has room. */
  add(sessionId: string, frame: Uint8Array<ArrayBuffer>): void {
    this.#queue.add(sessionId, frame);
    this.pump();
  }

  /** Resolves when few bytes are queued. */
  drained(): Promise<void> | undefined {
    if (this.#queue.queuedBytes <= fewQueuedBytes) return undefined;
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Puts frames in front that must go again, and starts those again that had begun; `pump` sends them. */
  restart(again: SentFrame[]): void {
    this.#queue.restart(again);
  }

  /** Drops all that waits. */
  clear(): void {
    this.#queue.clear();
    this.#wakeDrainWaiters();
  }

  /** Sends what can be sent now. */
  pump(): void {
    if (this.#pumping) return;
    const { numbering } = this.#init;
    for (;;) {
      const way = this.#init.wayOut(!this.#queue.hasBegun);
      const next = way && this.#queue.next(() => numbering.next(), way.onlyBegun);
      if (!next) break;
      // In the journal before it is handed over: if handing it over fails, it is sent again.
      const { sessionId, bytes, number = 0 } = next.frame;
      if (next.last) numbering.journal.add({ number, sessionId, bytes });
      const wait = way.send(next.slice);
      if (!wait) continue;
      this.#pumping = true;
      wait
        .catch(() => undefined)
        .finally(() => {
          this.#pumping = false;
          this.pump();
        });
      break;
    }
    if (this.#queue.queuedBytes <= fewQueuedBytes) this.#wakeDrainWaiters();
  }

  #wakeDrainWaiters(): void {
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }
}
