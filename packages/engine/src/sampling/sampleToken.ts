/** From the last position's logits to a token: penalties, log probabilities, cuts, draw. */
import type { SamplingDescription, TokenLogprob } from '@potluck/protocol';
import { keepTokens } from './keptTokens.ts';
import { uniformDraw } from './philox.ts';
import { holdBack } from './holdBack.ts';
import { likeliestToken, logprobsOf } from './logprobs.ts';
import { processLogits } from './processLogits.ts';
import type { TokenHistory } from './tokenHistory.ts';
import { topTokens } from './topTokens.ts';

export interface SampledToken {
  token: number;
  /** Natural logarithm of its probability after penalties and biases, before temperature; where asked for. */
  logprob?: number;
  /** The likeliest tokens, likeliest first; where asked for. */
  topLogprobs?: TokenLogprob[];
}

/**
 * Draws the token at `position`. The order is vLLM's (class `Sampler` in vllm/v1/sample/sampler.py): bias, repetition,
 * frequency and presence penalty; then greedy, or temperature, min-p, top-k, top-p and the draw. Log probabilities
 * are taken before temperature.
 *
 * The draw depends only on (seed, choice index, position) and the logits, so a replay repeats it.
 * @param logits [vocabulary]; changed in place
 * @param position index of the drawn token in the whole sequence
 * @param allowed tokens that may be drawn: token `t` is bit `t & 31` of word `t >> 5`; all by default
 * @throws ComputeError if the logits hold NaN, or nothing that could be drawn
 */
export function sampleToken(
  logits: Float32Array,
  sampling: SamplingDescription,
  history: TokenHistory | undefined,
  position: number,
  allowed?: Uint32Array,
): SampledToken {
  if (allowed) ruleOut(logits, allowed);
  processLogits(logits, sampling, history);
  holdBack(logits, sampling, position);
  const likeliest = likeliestToken(logits);
  const largest = logits[likeliest] as number;
  const token = sampling.temperature === 0 ? likeliest : draw(logits, largest, sampling, position);
  if (sampling.topLogprobs === undefined) return { token };
  const logprob = logprobsOf(logits, largest);
  return {
    token,
    logprob: logprob(token),
    topLogprobs: Array.from(topTokens(logits, sampling.topLogprobs), (id) => ({
      token: id,
      logprob: logprob(id),
    })),
  };
}

/** Gives tokens that may not come no chance; those beyond the mask may not. */
function ruleOut(logits: Float32Array, allowed: Uint32Array): void {
  for (let word = 0; word << 5 < logits.length; word++) {
    const bits = allowed[word] ?? 0;
    const first = word << 5;
    if (bits === 0) logits.fill(-Infinity, first, first + 32);
    else if (bits !== 0xffffffff) {
      const end = Math.min(32, logits.length - first);
      for (let bit = 0; bit < end; bit++) if (((bits >>> bit) & 1) === 0) logits[first + bit] = -Infinity;
    }
  }
}

function draw(
  logits: Float32Array,
  largest: number,
  sampling: SamplingDescription,
  position: number,
): number {
  const { tokens, weights, sum } = keepTokens(logits, largest, sampling);
  let rest = uniformDraw(sampling.seed, sampling.choiceIndex, position) * sum;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] as number;
    if (weight === 0) continue;
    last = index;
    rest -= weight;
    if (rest < 0) break;
  }
  return tokens ? (tokens[last] as number) : last;
}
