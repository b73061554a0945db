/** Which of a peer's frames have arrived. */
import { ProtocolError } from '@potluck/protocol';
import type { ReceivedSummary } from './linkMessages.ts';

/** Frames beyond a gap: few are ever under way at once, so more means that the peer makes numbers up. */
const maxBeyondGap = 4096;

export class ReceivedFrames {
  #next = 0;
  readonly #beyond = new Set<number>();

  /** All frames below this have arrived. */
  get next(): number {
    return this.#next;
  }

  /**
   * Notes a frame.
   * @returns false where it was there before
   * @throws ProtocolError if the peer leaves too many out
   */
  add(number: number): boolean {
    if (number < this.#next || this.#beyond.has(number)) return false;
    if (number !== this.#next) {
      if (this.#beyond.size >= maxBeyondGap) throw new ProtocolError('too many frames beyond a missing one');
      this.#beyond.add(number);
      return true;
    }
    this.#next++;
    while (this.#beyond.delete(this.#next)) this.#next++;
    return true;
  }

  summary(): ReceivedSummary {
    return { next: this.#next, beyond: [...this.#beyond].sort((a, b) => a - b) };
  }
}
