/** Rules tokens out that may not come yet. */
import type { SamplingDescription } from '@potluck/protocol';

/**
 * Changes `logits` [vocabulary] in place. Token ids beyond the vocabulary are left out.
 * @param position index of the token in the whole sequence
 */
export function holdBack(
  logits: Float32Array,
  { heldBack }: Pick<SamplingDescription, 'heldBack'>,
  position: number,
): void {
  if (heldBack === undefined || position >= heldBack.until) return;
  for (const token of heldBack.tokens) if (token < logits.length) logits[token] = -Infinity;
}
