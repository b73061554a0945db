/** How much memory a range of layers takes, from a model package alone. */
import { workingMemoryBytes, type ModelPackage, type SharedWeights } from '@potluck/protocol';

/** What memory is computed from; any model package fits. */
export type SizedModel = Pick<
  ModelPackage,
  'layers' | 'embeddingBytes' | 'headBytes' | 'tiedBytes' | 'sharedWeights' | 'contextLength'
> & {
  /** What each stage is to have cache for, in tokens. Default: `leastCacheTokens`. */
  cacheTokens?: number;
};

/**
 * Least cache that a stage must have room for, in tokens: one session of a short chat. A stage with less would be
 * ready and refuse every request.
 */
export const leastCacheTokens = 512;

/** What a conversation takes before people notice its end, in tokens: stages have cache for it where there are devices with room. */
export const usualCacheTokens = 4096;

/** Bytes that a stage takes beside weights and caches, from the bytes of its weights. */
export type WorkingMemory = (weightBytes: number) => number;

/** Bytes of a stage: weights, and one session's cache of `cacheTokens` (or the context, if it is shorter). */
export interface StageMemory {
  weightBytes: number;
  cacheBytes: number;
  workingBytes: number;
}

/** @returns a function of a layer range (inclusive, counted from 0) that answers in constant time */
export function stageMemory(
  model: SizedModel,
  workingMemory: WorkingMemory = workingMemoryBytes,
): (firstLayer: number, lastLayer: number) => StageMemory {
  const tokens = Math.min(model.cacheTokens ?? leastCacheTokens, model.contextLength);
  const weightsBefore = [0];
  const cachesBefore = [0];
  for (const layer of model.layers) {
    weightsBefore.push((weightsBefore.at(-1) ?? 0) + layer.weightBytes);
    cachesBefore.push((cachesBefore.at(-1) ?? 0) + layer.cacheBytesPerToken * tokens + layer.stateBytes);
  }
  const sum = (before: number[], first: number, last: number): number =>
    (before[last + 1] ?? 0) - (before[first] ?? 0);
  const shared = model.sharedWeights.map((weights) => ({ ...weights, ...whereNeeded(weights, model) }));
  return (firstLayer, lastLayer) => {
    const hasEmbedding = firstLayer === 0;
    const hasHead = lastLayer === model.layers.length - 1;
    const weightBytes =
      sum(weightsBefore, firstLayer, lastLayer) +
      (hasEmbedding ? model.embeddingBytes : 0) +
      (hasHead ? model.headBytes : 0) +
      (hasEmbedding || hasHead ? model.tiedBytes : 0) +
      shared.reduce((total, { bytes, isNeeded }) => total + (isNeeded(firstLayer, lastLayer) ? bytes : 0), 0);
    return {
      weightBytes,
      workingBytes: workingMemory(weightBytes),
      cacheBytes: sum(cachesBefore, firstLayer, lastLayer),
    };
  };
}

/** In which ranges of layers shared weights are needed: the first layer comes with the embedding, the last with the head. */
function whereNeeded(
  { parts }: SharedWeights,
  { layers }: SizedModel,
): { isNeeded: (firstLayer: number, lastLayer: number) => boolean } {
  const needing = new Set(
    parts.map((part) => (part === 'embedding' ? 0 : part === 'head' ? layers.length - 1 : part)),
  );
  const before = [0];
  layers.forEach((_, layer) => before.push((before[layer] ?? 0) + Number(needing.has(layer))));
  return { isNeeded: (first, last) => (before[last + 1] ?? 0) > (before[first] ?? 0) };
}

/** @returns a function that adds up what `stageMemory` tells of a layer range */
export function stageBytes(
  model: SizedModel,
  workingMemory?: WorkingMemory,
): (firstLayer: number, lastLayer: number) => number {
  const memoryOf = stageMemory(model, workingMemory);
  return (firstLayer, lastLayer) => {
    const { weightBytes, workingBytes, cacheBytes } = memoryOf(firstLayer, lastLayer);
    return weightBytes + workingBytes + cacheBytes;
  };
}
