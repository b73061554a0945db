/**
 * What two ends of a link tell each other beside frames. A link message travels as a slice whose frame number is
 * `linkMessageNumber`, which no frame ever has (little-endian u32s):
 * | offset | what |
 * | --- | --- |
 * | 0 | `linkMessageNumber` |
 * | 4 | kind: 1 ping, 2 pong, 3 begin, 4 ballast |
 * | 8 | ping, pong: its number; begin: number of the next new frame |
 * | 12 | ping, pong: frames received without a gap; begin: flags (1: answer with your begin, 2: wait for earlier frames) |
 *
 * `begin` goes on: 16 bytes, generation of the sender's numbering (a UUID; a new one starts again at frame 0); 16 bytes,
 * generation of the receiver's numbering that the rest is about; u32 frames received without a gap; u32 count, then that
 * many numbers of frames received beyond the gap.
 *
 * Ballast is random bytes up to the end of the slice, there to be carried; the ping after it says when it was.
 */
import { ProtocolError, readUuid, writeUuid } from '@potluck/protocol';

/** Reserved frame number. */
export const linkMessageNumber = 0xffffffff;
const pingBytes = 16;
/** Shortest ballast, in bytes. */
export const ballastHeadBytes = 16;
const beginBytes = 56;
/** More frames beyond a gap than this can't be: no more may be incomplete at once. */
const maxBeyondGap = 4096;

/** What has arrived: all frames below `next`, and those in `beyond`. */
export interface ReceivedSummary {
  next: number;
  beyond: number[];
}

/** Asks for a pong; measures the round trip and confirms frames. */
export interface Ping {
  kind: 'ping' | 'pong';
  number: number;
  receivedNext: number;
}

/** First message on every transport that a sender turns to. */
export interface Begin {
  kind: 'begin';
  nextFrame: number;
  wantsAnswer: boolean;
  /** The receiver must have all frames below `nextFrame` (they are under way elsewhere) before those that follow. */
  afterEarlierFrames: boolean;
  generation: string;
  /** Of the receiver's numbering, as far as the sender knows it. */
  peerGeneration: string;
  received: ReceivedSummary;
}

/** Bytes that say nothing: their way is measured. */
export interface Ballast {
  kind: 'ballast';
}

export type LinkMessage = Ping | Begin | Ballast;

/** True where a slice is a link message. */
export function isLinkMessage(slice: Uint8Array): boolean {
  return slice.byteLength >= pingBytes && readU32(slice, 0) === linkMessageNumber;
}

export function encodeLinkMessage(message: Ping | Begin): Uint8Array<ArrayBuffer> {
  const beyond = message.kind === 'begin' ? message.received.beyond.slice(0, maxBeyondGap) : [];
  const bytes = new Uint8Array(message.kind === 'begin' ? beginBytes + 4 * beyond.length : pingBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, linkMessageNumber, true);
  if (message.kind !== 'begin') {
    view.setUint32(4, message.kind === 'ping' ? 1 : 2, true);
    view.setUint32(8, message.number, true);
    view.setUint32(12, message.receivedNext, true);
    return bytes;
  }
  view.setUint32(4, 3, true);
  view.setUint32(8, message.nextFrame, true);
  view.setUint32(12, (message.wantsAnswer ? 1 : 0) | (message.afterEarlierFrames ? 2 : 0), true);
  writeUuid(bytes, 16, message.generation);
  writeUuid(bytes, 32, message.peerGeneration);
  view.setUint32(48, message.received.next, true);
  view.setUint32(52, beyond.length, true);
  for (const [index, number] of beyond.entries()) view.setUint32(beginBytes + 4 * index, number, true);
  return bytes;
}

/** @param byteLength from `ballastHeadBytes` to `maxSliceBytes`; what is in it can't be compressed */
export function encodeBallast(byteLength: number): Uint8Array<ArrayBuffer> {
  const bytes = crypto.getRandomValues(new Uint8Array(byteLength));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, linkMessageNumber, true);
  view.setUint32(4, 4, true);
  return bytes;
}

/** @throws ProtocolError if the bytes are no link message as documented above */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage {
  const kind = readU32(bytes, 4);
  if (kind === 1 || kind === 2) {
    if (bytes.byteLength !== pingBytes) throw new ProtocolError(`ping of ${bytes.byteLength} bytes`);
    return {
      kind: kind === 1 ? 'ping' : 'pong',
      number: readU32(bytes, 8),
      receivedNext: readU32(bytes, 12),
    };
  }
  if (kind === 4) return { kind: 'ballast' };
  if (kind !== 3) throw new ProtocolError(`link message of unknown kind ${kind}`);
  if (bytes.byteLength < beginBytes) throw new ProtocolError(`begin of ${bytes.byteLength} bytes`);
  const flags = readU32(bytes, 12);
  const beyondCount = readU32(bytes, 52);
  if (flags > 3 || beyondCount > maxBeyondGap || bytes.byteLength !== beginBytes + 4 * beyondCount) {
    throw new ProtocolError('begin with unknown flags or of a length that it does not say');
  }
  return {
    kind: 'begin',
    nextFrame: readU32(bytes, 8),
    wantsAnswer: (flags & 1) !== 0,
    afterEarlierFrames: (flags & 2) !== 0,
    generation: readUuid(bytes, 16),
    peerGeneration: readUuid(bytes, 32),
    received: {
      next: readU32(bytes, 48),
      beyond: Array.from({ length: beyondCount }, (_, index) => readU32(bytes, beginBytes + 4 * index)),
    },
  };
}

function readU32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
