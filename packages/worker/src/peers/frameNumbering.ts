/**
 * The numbers of the frames between two ends: what was sent, what has arrived, and what must go again after a connection
 * was lost. A generation is one numbering from 0; each end has its own.
 */
import { uuidv4 } from 'uuidv7';
import { FrameJournal, type SentFrame } from './frameJournal.ts';
import type { Begin } from './linkMessages.ts';
import { ReceivedFrames } from './receivedFrames.ts';

const unknownGeneration = '00000000-0000-0000-0000-000000000000';

export class FrameNumbering {
  /** Frames that were sent, as long as the peer may lack them. */
  readonly journal = new FrameJournal();
  #generation = uuidv4();
  #nextFrame = 0;
  #peerGeneration = unknownGeneration;
  #received = new ReceivedFrames();

  /** All frames below this have arrived. */
  get receivedNext(): number {
    return this.#received.next;
  }

  /** True where frames were sent in this generation. */
  get hasSent(): boolean {
    return this.#nextFrame > 0;
  }

  /** A number for one more frame. */
  next(): number {
    return this.#nextFrame++;
  }

  /** Notes a frame that arrived. @returns false where it was there before. @throws ProtocolError */
  arrived(number: number): boolean {
    return this.#received.add(number);
  }

  /** What was under way is lost for good: a new generation. */
  restart(): void {
    this.journal.clear();
    this.#generation = uuidv4();
    this.#nextFrame = 0;
  }

  /** What the peer must know when a transport is used for the first time. */
  begin({ wantsAnswer = false, afterEarlierFrames = false }: Partial<Begin> = {}): Begin {
    return {
      kind: 'begin',
      wantsAnswer,
      afterEarlierFrames,
      nextFrame: this.#nextFrame,
      generation: this.#generation,
      peerGeneration: this.#peerGeneration,
      received: this.#received.summary(),
    };
  }

  /** Takes the peer's generation. @returns true where it started anew and knows nothing of this end */
  meet({ generation, peerGeneration }: Begin): boolean {
    if (generation === this.#peerGeneration) return false;
    const restarted = this.#peerGeneration !== unknownGeneration;
    this.#peerGeneration = generation;
    this.#received = new ReceivedFrames();
    return restarted && peerGeneration === unknownGeneration;
  }

  /** Takes out what the peer says that it lacks. @returns undefined where some of it is forgotten here */
  takeMissing(begin: Begin): SentFrame[] | undefined {
    const knowsUs = begin.peerGeneration === this.#generation;
    return this.journal.takeMissing(knowsUs ? begin.received : { next: 0, beyond: [] });
  }
}
