/**
 * Rewrites that a decoder gets before it is packed: they change how it is computed, not what it says.
 *
 * @example
 * const model = await readModel(files, 'model.onnx');
 * const notes = await rewriteDecoder(model, { contextLength: 4096, readTensor: (tensor) => readBytes(files, tensor) });
 */
import type { OnnxModel } from '../model.ts';
import type { ReadTensor } from './blockwiseWeight.ts';
import { cutRotaryTables } from './cutRotaryTables.ts';
import { dropNanGuards } from './dropNanGuards.ts';
import { expandDynamicQuantization } from './expandDynamicQuantization.ts';
import { expandQuantizedEmbedding } from './expandQuantizedEmbedding.ts';
import { keepWholeCaches } from './keepWholeCaches.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';
import { sliceLastPosition } from './sliceLastPosition.ts';

export type { ReadTensor } from './blockwiseWeight.ts';
export { cutRotaryTables } from './cutRotaryTables.ts';
export { dropNanGuards } from './dropNanGuards.ts';
export { expandDynamicQuantization, type ExpansionOptions } from './expandDynamicQuantization.ts';
export { expandQuantizedEmbedding } from './expandQuantizedEmbedding.ts';
export { keepWholeCaches } from './keepWholeCaches.ts';
export { sliceLastPosition } from './sliceLastPosition.ts';

export interface RewriteOptions {
  /** Longest sequence served, in tokens. */
  contextLength: number;
  /** Reads the model's own tensors; computed tensors call it again when they are packed, so it must stay usable. */
  readTensor: ReadTensor;
}

/**
 * Runs every rewrite on `model`, in place. Rewritten weights are `computed`: at most one of them needs memory at a time
 * while they are packed one after the other.
 * @returns what was done and what could not be, one sentence each, for people
 */
export async function rewriteDecoder(
  model: OnnxModel,
  { contextLength, readTensor }: RewriteOptions,
): Promise<string[]> {
  const notes = [
    // First, so that the head is a floating matmul when the last position is put before it.
    ...(await expandDynamicQuantization(model, readTensor)),
    ...(await expandQuantizedEmbedding(model, readTensor)),
    ...dropNanGuards(model),
    ...keepWholeCaches(model),
    ...sliceLastPosition(model),
    ...cutRotaryTables(model, contextLength),
  ];
  removeUnused(model.graph);
  return notes;
}
