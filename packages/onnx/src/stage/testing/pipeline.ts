/** Chains of stages, and what they say. */
import type { PackedDecoder } from '../../package/packedDecoder.ts';
import { buildStage, type LayerRange } from '../buildStage.ts';
import { cpuStage, type CacheStyle, type CpuStage } from './cpuStage.ts';
import type { MemoryBlobs } from './memoryBlobs.ts';

/** Builds stages of one decoder, each once. */
export function stageShelf(decoder: PackedDecoder, blobs: MemoryBlobs) {
  const stages = new Map<string, Promise<CpuStage>>();
  const get = (range: LayerRange, style: CacheStyle): Promise<CpuStage> => {
    const key = `${range.firstLayer} ${range.lastLayer} ${style}`;
    const stage = stages.get(key) ?? cpuStage(buildStage(decoder, range), blobs, style);
    stages.set(key, stage);
    return stage;
  };
  return {
    /** A pipeline whose stages end after the given layers; the last one ends with the model. */
    pipeline: async (lastLayers: readonly number[], style: CacheStyle): Promise<CpuStage[]> => {
      const ends = [...lastLayers, decoder.anatomy.layerCount - 1];
      return Promise.all(
        ends.map((lastLayer, stage) => get({ firstLayer: (ends[stage - 1] ?? -1) + 1, lastLayer }, style)),
      );
    },
    async release(): Promise<void> {
      for (const stage of stages.values()) await (await stage).release();
    },
  };
}

/** Runs the chunks one after the other, then `decode` greedy steps. Gives the logits of each, and the tokens drawn. */
export async function generate(
  stages: readonly CpuStage[],
  chunks: readonly (readonly number[])[],
  decode: number,
  type: 'float32' | 'float16',
): Promise<{ logits: Uint8Array[]; tokens: number[] }> {
  for (const stage of stages) stage.reset();
  const logits: Uint8Array[] = [];
  const step = async (tokens: readonly number[]): Promise<number> => {
    let tensors: Uint8Array[] = [];
    for (const stage of stages) tensors = await stage.run(tokens, tensors);
    const [last] = tensors;
    if (!last) throw new TypeError('No logits');
    logits.push(last);
    return largest(last, type);
  };
  let token = 0;
  for (const chunk of chunks) token = await step(chunk);
  const tokens = [token];
  for (let drawn = 1; drawn < decode; drawn++) {
    token = await step([token]);
    tokens.push(token);
  }
  return { logits, tokens };
}

function largest(logits: Uint8Array, type: 'float32' | 'float16'): number {
  const { buffer } = logits.slice();
  const values = type === 'float32' ? new Float32Array(buffer) : new Float16Array(buffer);
  let best = 0;
  values.forEach((value, index) => {
    if (value > (values[best] ?? -Infinity)) best = index;
  });
  return best;
}
