/** Lets attention with a sliding window keep every token's keys and values, as all other caches are kept. */
import type { OnnxModel } from '../model.ts';
import { isMicrosoft } from './valueLookup.ts';

/**
 * Takes `sliding_window_cache` off GroupQueryAttention, with which onnxruntime-genai's builder asks for a ring of as many
 * rows as the window has. `local_window_size` stays, so each token sees the same tokens as before; the cache is one
 * that can be forked, truncated and fed at its true length.
 * @returns what was done, for people
 */
export function keepWholeCaches(model: OnnxModel): string[] {
  let changed = 0;
  for (const node of model.graph.nodes) {
    if (isMicrosoft(node, 'GroupQueryAttention') && node.attributes.delete('sliding_window_cache')) changed++;
  }
  return changed === 0 ? [] : [`Caches of ${changed} layers with a sliding window keep all tokens.`];
}
