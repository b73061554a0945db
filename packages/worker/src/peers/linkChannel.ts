/** One transport of a link, with what is half arrived on it. */
import { ProtocolError, SliceAssembler } from '@potluck/protocol';
import type { PeerTransport } from './peerTransport.ts';

/** Slices held for frames that are late on another transport. */
const maxHeldSlices = 1024;

export class LinkChannel {
  readonly transport: PeerTransport;
  #assembler = new SliceAssembler();
  #holdUntil = 0;
  #held: Uint8Array<ArrayBuffer>[] = [];

  constructor(transport: PeerTransport) {
    this.transport = transport;
  }

  /**
   * @param next the lowest frame that has not arrived
   * @returns the frame that ends with this slice; undefined where none does, or the slice must wait
   * @throws ProtocolError
   */
  take(slice: Uint8Array<ArrayBuffer>, next: number): Uint8Array | undefined {
    if (!this.isHeldAt(next)) return this.#assembler.add(slice);
    this.#hold(slice);
    return undefined;
  }

  /** Forgets what is half arrived. */
  restartAssembly(): void {
    this.#assembler = new SliceAssembler();
  }

  /** Frames below `number` must arrive elsewhere before slices of this channel are read. */
  holdUntil(number: number): void {
    this.#holdUntil = number;
  }

  /** True where it waits for frames of others. @param next the lowest frame that has not arrived */
  isHeldAt(next: number): boolean {
    return next < this.#holdUntil;
  }

  /** What was held, where it need not wait any more. */
  takeHeld(next: number): Uint8Array<ArrayBuffer>[] {
    return this.isHeldAt(next) ? [] : this.#held.splice(0);
  }

  /** Drops what was held, and waits for nothing any more. */
  release(): void {
    this.#holdUntil = 0;
    this.#held = [];
  }

  #hold(slice: Uint8Array<ArrayBuffer>): void {
    if (this.#held.length >= maxHeldSlices) {
      this.release();
      throw new ProtocolError('too much is sent ahead of frames that do not come');
    }
    this.#held.push(slice);
  }
}
