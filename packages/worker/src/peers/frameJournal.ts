/** Frames handed to a transport but not yet confirmed by the peer: what can be sent again when the transport dies. */
import type { ReceivedSummary } from './linkMessages.ts';

/** Bytes kept; older frames are forgotten, and can't be sent again. */
const maxKeptBytes = 32 * 1024 * 1024;

export interface SentFrame {
  number: number;
  sessionId: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export class FrameJournal {
  /** In order of sending's end; numbers may be a little out of order. */
  readonly #frames = new Map<number, SentFrame>();
  #keptBytes = 0;
  /** Frames with numbers below this may have been forgotten unconfirmed. */
  #forgottenBelow = 0;

  get isEmpty(): boolean {
    return this.#frames.size === 0;
  }

  add(frame: SentFrame): void {
    this.#frames.set(frame.number, frame);
    this.#keptBytes += frame.bytes.byteLength;
    for (const oldest of this.#frames.values()) {
      if (this.#keptBytes <= maxKeptBytes || oldest === frame) break;
      this.#drop(oldest);
      this.#forgottenBelow = Math.max(this.#forgottenBelow, oldest.number + 1);
    }
  }

  /** The peer has all frames below `next`. */
  confirm(next: number): void {
    for (const frame of this.#frames.values()) if (frame.number < next) this.#drop(frame);
  }

  /**
   * What the peer lacks, taken out, in order.
   * @returns undefined where something that it may lack is forgotten
   */
  takeMissing(received: ReceivedSummary): SentFrame[] | undefined {
    if (received.next < this.#forgottenBelow) return undefined;
    const beyond = new Set(received.beyond);
    const missing = [...this.#frames.values()]
      .filter(({ number }) => number >= received.next && !beyond.has(number))
      .sort((a, b) => a.number - b.number);
    this.clear();
    return missing;
  }

  clear(): void {
    this.#frames.clear();
    this.#keptBytes = 0;
  }

  #drop(frame: SentFrame): void {
    this.#frames.delete(frame.number);
    this.#keptBytes -= frame.bytes.byteLength;
  }
}
