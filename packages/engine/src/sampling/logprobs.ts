/** Log probabilities of a vocabulary's tokens. */
import { ComputeError } from '../errors.ts';

/** Given for tokens that are ruled out, as OpenAI's API does: JSON has no infinity. */
const leastLogprob = -9999;

/** @param largest of the logits @returns the natural logarithm of a token's probability */
export function logprobsOf(logits: Float32Array, largest: number): (token: number) => number {
  const normalizer = logSumExp(logits, largest);
  return (token) => Math.max(leastLogprob, (logits[token] as number) - normalizer);
}

/**
 * @returns the lowest id among the largest logits
 * @throws ComputeError if the logits hold NaN, or nothing that could be drawn
 */
export function likeliestToken(logits: Float32Array): number {
  let best = 0;
  let largest = -Infinity;
  let hasNaN = false;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] as number;
    // One comparison for nearly all of them.
    if (logit <= largest) continue;
    if (logit > largest) {
      largest = logit;
      best = token;
    } else hasNaN = true;
  }
  if (hasNaN || largest === Infinity) {
    throw new ComputeError('The logits hold values that are no numbers');
  }
  if (largest === -Infinity) throw new ComputeError('Every token is ruled out');
  return best;
}

function logSumExp(logits: Float32Array, largest: number): number {
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += Math.exp((logits[token] as number) - largest);
  return largest + Math.log(sum);
}
