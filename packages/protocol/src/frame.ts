/**
 * What peers send each other: little-endian binary frames.
 *
 * Header (48 bytes):
 * | offset | type | what |
 * | --- | --- | --- |
 * | 0 | u32 | magic `frameMagic` |
 * | 4 | u8 | kind: 1 step, 2 token |
 * | 5 | u8 | flags: bit 0, sample after this step |
 * | 6 | u16 | tensors (step), tokens after the first (token) |
 * | 8 | 16 bytes | session id |
 * | 24 | u32 | epoch |
 * | 28 | u32 | position of the first token |
 * | 32 | u32 | tokens in the step (step), id of the first token (token) |
 * | 36 | u32 | index of the stage that it is for |
 * | 40 | f64 | sender's clock when it was written, Unix milliseconds with fraction |
 *
 * Then, for each tensor, a descriptor: u8 element type (index in `frameElementTypes`), u8 rank, u16 zero, u32 byte
 * length, u32 × rank dims; padded with zeros to a multiple of 8. Then each tensor's bytes, padded likewise.
 * A token frame has the ids of the tokens after the first, u32 each.
 */
import { ProtocolError } from './errors.ts';
import { SessionId } from './ids.ts';
import type { ElementType } from './model.ts';

/** `PLK1` read as little-endian u32. */
export const frameMagic = 0x314b4c50;
const headerBytes = 48;
const maxTensors = 16;
/** Most tokens in one token frame. */
export const maxFrameTokens = 64;
const maxRank = 8;
/** Last moment that a JavaScript Date can be, in Unix milliseconds. */
const latestTime = 8.64e15;
/** Longest frame: 4096 tokens of 16 KB of boundary each. */
export const maxFrameBytes = 64 * 1024 * 1024;

/** Element types that cross a boundary, by their number in a frame. */
export const frameElementTypes = ['float32', 'float16', 'int64', 'int32', 'uint8', 'int8', 'bool'] as const;
export type FrameElementType = (typeof frameElementTypes)[number];
const elementBytes: Record<FrameElementType, number> = {
  float32: 4,
  float16: 2,
  int64: 8,
  int32: 4,
  uint8: 1,
  int8: 1,
  bool: 1,
};

/** A tensor as bytes; `bytes` holds exactly the product of `dims` elements. */
export interface FrameTensor {
  type: FrameElementType;
  dims: number[];
  bytes: Uint8Array;
}

interface FrameBase {
  sessionId: SessionId;
  epoch: number;
  position: number;
  /** Stage of the pipeline that the frame is for, counted from 0. */
  stageIndex: number;
  /** Sender's clock, Unix milliseconds with fraction. */
  sentAt: number;
}

/** Boundary tensors of `length` tokens, from a stage to the next one. */
export interface StepFrame extends FrameBase {
  kind: 'step';
  length: number;
  /** True for the last chunk of a prompt and for every decode step. */
  sample: boolean;
  tensors: FrameTensor[];
}

/**
 * The token drawn for `position`, and those that are known to follow it, from the last stage to the first. The first one runs each in
 * a step of its own, and the last one samples after the last of them.
 */
export interface TokenFrame extends FrameBase {
  kind: 'token';
  /** At least one, at most `maxFrameTokens`. */
  tokens: readonly number[];
}

export type Frame = StepFrame | TokenFrame;

/** True where tensors of this type may cross a boundary. */
export function isFrameElementType(type: ElementType): type is FrameElementType {
  return (frameElementTypes as readonly string[]).includes(type);
}

/** @returns the frame's bytes in a buffer of their own */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const tensors = frame.kind === 'step' ? frame.tensors : [];
  const [token = 0, ...after] = frame.kind === 'token' ? frame.tokens : [];
  let size = headerBytes + 4 * after.length;
  for (const tensor of tensors) size += descriptorBytes(tensor.dims.length);
  for (const tensor of tensors) size += align(tensor.bytes.byteLength);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, frameMagic, true);
  view.setUint8(4, frame.kind === 'step' ? 1 : 2);
  view.setUint8(5, frame.kind === 'step' && frame.sample ? 1 : 0);
  view.setUint16(6, frame.kind === 'step' ? tensors.length : after.length, true);
  writeUuid(bytes, 8, frame.sessionId);
  view.setUint32(24, frame.epoch, true);
  view.setUint32(28, frame.position, true);
  view.setUint32(32, frame.kind === 'step' ? frame.length : token, true);
  view.setUint32(36, frame.stageIndex, true);
  view.setFloat64(40, frame.sentAt, true);
  for (const [index, id] of after.entries()) view.setUint32(headerBytes + 4 * index, id, true);
  let offset = headerBytes;
  for (const tensor of tensors) {
    view.setUint8(offset, frameElementTypes.indexOf(tensor.type));
    view.setUint8(offset + 1, tensor.dims.length);
    view.setUint32(offset + 4, tensor.bytes.byteLength, true);
    for (const [axis, dim] of tensor.dims.entries()) view.setUint32(offset + 8 + 4 * axis, dim, true);
    offset += descriptorBytes(tensor.dims.length);
  }
  for (const tensor of tensors) {
    bytes.set(tensor.bytes, offset);
    offset += align(tensor.bytes.byteLength);
  }
  return bytes;
}

/**
 * Reads a frame; tensors are views of `bytes`.
 * @throws ProtocolError if the header, a length or the size is not exactly as documented above
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < headerBytes)
    throw new ProtocolError(`frame of ${bytes.byteLength} bytes has no header`);
  if (bytes.byteLength > maxFrameBytes) throw new ProtocolError(`frame of ${bytes.byteLength} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== frameMagic) throw new ProtocolError('frame does not start with the magic');
  const base: FrameBase = {
    sessionId: SessionId.parse(readUuid(bytes, 8)),
    epoch: view.getUint32(24, true),
    position: view.getUint32(28, true),
    stageIndex: view.getUint32(36, true),
    sentAt: view.getFloat64(40, true),
  };
  const flags = view.getUint8(5);
  const count = view.getUint16(6, true);
  if (!(base.sentAt >= 0 && base.sentAt <= latestTime)) {
    throw new ProtocolError('frame with a clock that is no time');
  }
  switch (view.getUint8(4)) {
    case 1:
      if (flags > 1) throw new ProtocolError(`step frame with unknown flags ${flags}`);
      return {
        kind: 'step',
        ...base,
        length: view.getUint32(32, true),
        sample: flags === 1,
        tensors: readTensors(bytes, view, count),
      };
    case 2:
      if (count >= maxFrameTokens) throw new ProtocolError(`token frame with ${count + 1} tokens`);
      if (flags !== 0 || bytes.byteLength !== headerBytes + 4 * count) {
        throw new ProtocolError('token frame with more or less than its tokens');
      }
      return { kind: 'token', ...base, tokens: readTokens(view, count) };
    default:
      throw new ProtocolError(`frame of unknown kind ${view.getUint8(4)}`);
  }
}

/** @param count of those after the first */
function readTokens(view: DataView, count: number): number[] {
  const after = Array.from({ length: count }, (_, index) => view.getUint32(headerBytes + 4 * index, true));
  return [view.getUint32(32, true), ...after];
}

function readTensors(bytes: Uint8Array, view: DataView, tensorCount: number): FrameTensor[] {
  if (tensorCount > maxTensors) throw new ProtocolError(`step frame with ${tensorCount} tensors`);
  let offset = headerBytes;
  const need = (length: number): void => {
    if (offset + length > bytes.byteLength) throw new ProtocolError('step frame is shorter than it says');
  };
  const heads: { type: FrameElementType; dims: number[]; byteLength: number }[] = [];
  for (let index = 0; index < tensorCount; index++) {
    need(8);
    const type = frameElementTypes[view.getUint8(offset)];
    const rank = view.getUint8(offset + 1);
    if (type === undefined || rank > maxRank)
      throw new ProtocolError('step frame with an unknown tensor descriptor');
    need(descriptorBytes(rank));
    const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(offset + 8 + 4 * axis, true));
    const byteLength = view.getUint32(offset + 4, true);
    if (dims.reduce((product, dim) => product * dim, elementBytes[type]) !== byteLength) {
      throw new ProtocolError(
        `tensor of ${byteLength} bytes does not match its shape [${dims.join(', ')}] ${type}`,
      );
    }
    heads.push({ type, dims, byteLength });
    offset += descriptorBytes(rank);
  }
  const tensors = heads.map(({ type, dims, byteLength }): FrameTensor => {
    need(align(byteLength));
    const tensor = { type, dims, bytes: bytes.subarray(offset, offset + byteLength) };
    offset += align(byteLength);
    return tensor;
  });
  if (offset !== bytes.byteLength) throw new ProtocolError('step frame is longer than it says');
  return tensors;
}

const align = (length: number): number => Math.ceil(length / 8) * 8;
const descriptorBytes = (rank: number): number => align(8 + 4 * rank);

/** Writes a UUID's 16 bytes at `offset`. */
export function writeUuid(bytes: Uint8Array, offset: number, id: string): void {
  const digits = id.replaceAll('-', '');
  for (let index = 0; index < 16; index++) {
    bytes[offset + index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  }
}

/** Reads 16 bytes at `offset` as a UUID. */
export function readUuid(bytes: Uint8Array, offset: number): string {
  let digits = '';
  for (let index = 0; index < 16; index++)
    digits += (bytes[offset + index] ?? 0).toString(16).padStart(2, '0');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}
