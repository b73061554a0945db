/**
 * Frames on a peer channel travel as slices, so that a short decode frame never waits behind a whole prefill chunk.
 * A slice: u32 frame number, u32 frame's length, u32 offset of this slice in it, u32 zero, then bytes (little-endian);
 * 16 bytes of header keep the tensors inside aligned.
 * Slices of one frame come in order; slices of several frames may be interleaved.
 */
import { ProtocolError } from './errors.ts';
import { maxFrameBytes } from './frame.ts';

/** Longest slice in bytes with its header; data channels carry 64 KiB everywhere. */
export const maxSliceBytes = 65_536 - 512;
const sliceHeaderBytes = 16;
const maxPayloadBytes = maxSliceBytes - sliceHeaderBytes;
/** Frames of one peer that may be incomplete at the same time. */
const maxOpenFrames = 64;
/** Bytes of incomplete frames held for one peer. */
const maxOpenBytes = 2 * maxFrameBytes;

/** Cuts a frame into slices. */
export function* cutIntoSlices(frameNumber: number, frame: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < frame.byteLength; offset += maxPayloadBytes) {
    const payload = frame.subarray(offset, offset + maxPayloadBytes);
    const slice = new Uint8Array(sliceHeaderBytes + payload.byteLength);
    const view = new DataView(slice.buffer);
    view.setUint32(0, frameNumber >>> 0, true);
    view.setUint32(4, frame.byteLength, true);
    view.setUint32(8, offset, true);
    slice.set(payload, sliceHeaderBytes);
    yield slice;
  }
}

/** Puts one peer's slices together again. Memory is bounded by what that peer may leave incomplete. */
export class SliceAssembler {
  readonly #open = new Map<number, { bytes: Uint8Array; filled: number }>();
  #openBytes = 0;

  /**
   * Takes one slice.
   * @returns the frame that it completes, if it does
   * @throws ProtocolError if the slice does not continue its frame, or is too large
   */
  add(slice: Uint8Array): Uint8Array | undefined {
    if (slice.byteLength <= sliceHeaderBytes || slice.byteLength > maxSliceBytes) {
      throw new ProtocolError(`slice of ${slice.byteLength} bytes`);
    }
    const view = new DataView(slice.buffer, slice.byteOffset, slice.byteLength);
    const frameNumber = view.getUint32(0, true);
    const length = view.getUint32(4, true);
    const offset = view.getUint32(8, true);
    const payload = slice.subarray(sliceHeaderBytes);
    if (offset === 0 && payload.byteLength === length) return payload;
    const frame = this.#open.get(frameNumber) ?? this.#start(frameNumber, length);
    if (
      offset !== frame.filled ||
      length !== frame.bytes.byteLength ||
      offset + payload.byteLength > length
    ) {
      throw new ProtocolError(`slice at ${offset} does not continue frame ${frameNumber} at ${frame.filled}`);
    }
    frame.bytes.set(payload, offset);
    frame.filled += payload.byteLength;
    if (frame.filled < length) return undefined;
    this.#open.delete(frameNumber);
    this.#openBytes -= length;
    return frame.bytes;
  }

  #start(frameNumber: number, length: number): { bytes: Uint8Array; filled: number } {
    if (length > maxFrameBytes) throw new ProtocolError(`frame of ${length} bytes, limit ${maxFrameBytes}`);
    if (this.#open.size >= maxOpenFrames || this.#openBytes + length > maxOpenBytes) {
      throw new ProtocolError('too many incomplete frames');
    }
    const frame = { bytes: new Uint8Array(length), filled: 0 };
    this.#open.set(frameNumber, frame);
    this.#openBytes += length;
    return frame;
  }
}
