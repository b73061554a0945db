/** Which tokens may be drawn, and how likely each is: temperature, then min-p, top-k and top-p, as vLLM orders them. */
import type { SamplingDescription } from '@potluck/protocol';
import { topTokens } from './topTokens.ts';

export interface KeptTokens {
  /** Token ids: in rank order where top-k or top-p cut, else in id order; undefined stands for 0, 1, … */
  tokens: Uint32Array | undefined;
  /** exp((logit - largest) / temperature) of each kept token; 0 for those that min-p dropped. */
  weights: Float64Array;
  /** Sum of `weights`, added in their order. */
  sum: number;
}

/** First guess of how many tokens reach top-p; it grows eightfold until they do. */
const firstTopPCandidates = 64;

/**
 * - min-p keeps tokens at least `minP` times as likely as the likeliest;
 * - top-k keeps the k likeliest, the lower id first among equals;
 * - top-p keeps the shortest run of the ranked tokens, at least one, whose share of what min-p and top-k left
 *   reaches `topP`.
 * @param logits [vocabulary], after penalties; temperature must be above 0
 * @param largest the largest of them
 */
export function keepTokens(logits: Float32Array, largest: number, sampling: SamplingDescription): KeptTokens {
  const { temperature, minP, topK, topP } = sampling;
  const weight = (logit: number): number => {
    const value = Math.exp((logit - largest) / temperature);
    return value >= minP ? value : 0;
  };
  const limit = topK > 0 && topK < logits.length ? topK : undefined;
  if (limit !== undefined) {
    const tokens = topTokens(logits, limit);
    const weights = new Float64Array(tokens.length);
    for (const [index, token] of tokens.entries()) weights[index] = weight(logits[token] as number);
    return cutTopP(tokens, weights, total(weights), topP) ?? { tokens, weights, sum: total(weights) };
  }
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let token = 0; token < logits.length; token++) {
    const value = weight(logits[token] as number);
    weights[token] = value;
    sum += value;
  }
  if (topP >= 1) return { tokens: undefined, weights, sum };
  for (let count = firstTopPCandidates; ; count *= 8) {
    const tokens = topTokens(logits, count);
    const ranked = Float64Array.from(tokens, (token) => weights[token] as number);
    const kept = cutTopP(tokens, ranked, sum, topP);
    if (kept) return kept;
    if (tokens.length < count) return { tokens, weights: ranked, sum: total(ranked) };
  }
}

/** The shortest run of ranked tokens with a share of `topP` of `sum`; undefined where all of them have less. */
function cutTopP(
  tokens: Uint32Array,
  weights: Float64Array,
  sum: number,
  topP: number,
): KeptTokens | undefined {
  if (topP >= 1) return undefined;
  let reached = 0;
  for (const [index, weight] of weights.entries()) {
    reached += weight;
    if (reached < topP * sum) continue;
    return { tokens: tokens.subarray(0, index + 1), weights: weights.subarray(0, index + 1), sum: reached };
  }
  return undefined;
}

function total(weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}
