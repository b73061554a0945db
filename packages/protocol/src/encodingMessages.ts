/** What hub and worker say about texts that go through an encoder: one text a message, on the control channel. */
import { z } from 'zod';
import { SessionErrorCode } from './errors.ts';
import { AssignmentId, EncodingId } from './ids.ts';
import { maxEncodingSize } from './model.ts';

const count = z.number().int().nonnegative();
/** 11 days: longer than anything that is timed here. */
const milliseconds = z.number().nonnegative().max(1e9);

/** From the hub: run the encoder on a text. Answered with `encoded` or `encode-failed`. */
export const Encode = z.object({
  type: z.literal('encode'),
  encodingId: EncodingId,
  assignmentId: AssignmentId,
  tokens: z.array(count).min(1),
  /** Which of two texts each token is of; missing: all of the first. */
  tokenTypes: z.array(z.union([z.literal(0), z.literal(1)])).optional(),
});
export type Encode = z.infer<typeof Encode>;

/** Characters of base64 that the longest vector takes. */
const maxVectorCharacters = 4 * Math.ceil((4 * maxEncodingSize) / 3);

/** From the worker: what the encoder made of the text. */
export const Encoded = z.object({
  type: z.literal('encoded'),
  encodingId: EncodingId,
  assignmentId: AssignmentId,
  /** 32-bit floats, little-endian, as base64. */
  vector: z.base64().max(maxVectorCharacters),
  /** Waiting for the stage's queue. */
  queueMs: milliseconds,
  /** Inside ONNX Runtime. */
  computeMs: milliseconds,
});
export type Encoded = z.infer<typeof Encoded>;

/** From the worker: the text did not go through the encoder here. */
export const EncodeFailed = z.object({
  type: z.literal('encode-failed'),
  encodingId: EncodingId,
  assignmentId: AssignmentId,
  code: SessionErrorCode,
  message: z.string().max(2000),
});
export type EncodeFailed = z.infer<typeof EncodeFailed>;

/** Floats as base64 of their bytes, little-endian. */
export function encodeVector(vector: Float32Array): string {
  const bytes = new Uint8Array(4 * vector.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of vector.entries()) view.setFloat32(4 * index, value, true);
  let binary = '';
  for (let start = 0; start < bytes.length; start += 8192)
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(binary);
}

/** The floats of `encodeVector`; bytes that are no whole float are left out. */
export function decodeVector(text: string): Float32Array<ArrayBuffer> {
  const binary = atob(text);
  const view = new DataView(new ArrayBuffer(binary.length));
  for (let index = 0; index < binary.length; index++) view.setUint8(index, binary.charCodeAt(index));
  return Float32Array.from({ length: Math.floor(binary.length / 4) }, (_, index) =>
    view.getFloat32(4 * index, true),
  );
}
