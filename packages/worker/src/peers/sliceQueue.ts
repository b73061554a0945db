/** Frames on their way out, slice by slice: a short frame overtakes long ones, but never one of its own session. */
import { cutIntoSlices, maxSliceBytes } from '@potluck/protocol';

/** Frames of at most this many bytes go in one slice. */
const shortFrameBytes = maxSliceBytes - 16;

/** A frame that waits or is under way. */
export interface OutgoingFrame {
  sessionId: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Given when its first slice leaves; kept when it is sent again. */
  number?: number;
  slices?: Iterator<Uint8Array<ArrayBuffer>>;
  sentBytes: number;
}

/** What to hand to the transport next. */
export interface NextSlice {
  frame: OutgoingFrame;
  slice: Uint8Array<ArrayBuffer>;
  /** True where the frame has left as a whole. */
  last: boolean;
}

export class SliceQueue {
  #waiting: OutgoingFrame[] = [];
  #queuedBytes = 0;

  /** Bytes not yet handed out. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** True where some frame has left in part. */
  get hasBegun(): boolean {
    return this.#waiting.some((frame) => frame.sentBytes > 0);
  }

  add(sessionId: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push({ sessionId, bytes, sentBytes: 0 });
    this.#queuedBytes += bytes.byteLength;
  }

  /**
   * The next slice to send.
   * @param giveNumber called for a frame's first slice, unless it has a number from before
   * @param onlyBegun leaves frames alone that have not begun
   */
  next(giveNumber: () => number, onlyBegun = false): NextSlice | undefined {
    const index = onlyBegun ? this.#waiting.findIndex((frame) => frame.sentBytes > 0) : this.#choose();
    const frame = this.#waiting[index];
    if (!frame) return undefined;
    frame.number ??= giveNumber();
    frame.slices ??= cutIntoSlices(frame.number, frame.bytes);
    const { value } = frame.slices.next() as IteratorYieldResult<Uint8Array<ArrayBuffer>>;
    const payload = Math.min(shortFrameBytes, frame.bytes.byteLength - frame.sentBytes);
    frame.sentBytes += payload;
    this.#queuedBytes -= payload;
    const last = frame.sentBytes >= frame.bytes.byteLength;
    if (last) this.#waiting.splice(index, 1);
    return { frame, slice: value, last };
  }

  /** Puts frames in front that must go again as a whole, and starts those again that had begun. */
  restart(again: { number: number; sessionId: string; bytes: Uint8Array<ArrayBuffer> }[]): void {
    const rest = this.#waiting.map((frame): OutgoingFrame => {
      this.#queuedBytes += frame.sentBytes;
      return {
        sessionId: frame.sessionId,
        bytes: frame.bytes,
        sentBytes: 0,
        ...(frame.number !== undefined && { number: frame.number }),
      };
    });
    for (const { bytes } of again) this.#queuedBytes += bytes.byteLength;
    this.#waiting = [...again.map((frame): OutgoingFrame => ({ ...frame, sentBytes: 0 })), ...rest];
  }

  clear(): void {
    this.#waiting = [];
    this.#queuedBytes = 0;
  }

  #choose(): number {
    const first = this.#waiting[0];
    if (first === undefined || first.bytes.byteLength <= shortFrameBytes) return first ? 0 : -1;
    const sessionsBefore = new Set<string>();
    for (const [index, frame] of this.#waiting.entries()) {
      if (frame.bytes.byteLength <= shortFrameBytes && !sessionsBefore.has(frame.sessionId)) return index;
      sessionsBefore.add(frame.sessionId);
    }
    return 0;
  }
}
